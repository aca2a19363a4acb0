/**
 * One seed, start to end. First everything may go wrong while clients send; what was acknowledged must be seen all the time. Then all is put right, clients send what
 * is left, and within a bound of simulated time the cluster must be at rest: all acknowledged, no lock, no part under way, every identifier right; and the same again
 * after every process was killed at rest. The trace is what happened in order: one seed, one trace.
 */
import { xxh32 } from '../../../src/base/hash.ts';
import type { ClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import { SeededWorld } from '../../unit/link/seeded-world.ts';
import { Client, type ClientParts } from './client.ts';
import { SimCluster } from './cluster.ts';
import { count } from './counting.ts';
import { type FaultPlan, Faults } from './faults.ts';
import { operate } from './operator.ts';
import { exported, faultsOf, lookupFaults, singleState, stateOf } from './oracle.ts';
import { itemsOf, type SimItem, type TrafficKind } from './traffic.ts';

export interface SimOutcome {
  readonly seed: number;
  readonly traceHash: number;
  readonly simulatedMs: number;
  readonly eventCount: number;
  readonly failures: readonly string[];
  /** The last of it, or all when asked for. */
  readonly trace: readonly string[];
}

const REST_WITHIN_MS = 120_000;
const TRACE_LINES = 60;
const LONG_FROM_MS = 12_000;
const RESIZE_EVERY_MS_MAX = 4_000;
const SHARDS_MAX = 5;

export async function simulate(seed: number, isTraced = false): Promise<SimOutcome> {
  const world = new SeededWorld(seed);
  const trace: string[] = [];
  const failures: string[] = [];
  let hash = seed >>> 0;
  const note = (text: string): void => {
    const line = `${world.nowMs} ${text}`;
    const bytes = Buffer.from(line, 'utf8');
    hash = xxh32(bytes, 0, bytes.length, hash);
    trace.push(line);
    if (!isTraced && trace.length > 4 * TRACE_LINES) trace.splice(0, trace.length - TRACE_LINES);
  };
  const violation = (what: string): void => {
    note(`VIOLATION ${what}`);
    failures.push(what);
  };
  const onRejection = (error: unknown): void => violation(`unhandled: ${String((error as Error).stack)}`);
  process.on('unhandledRejection', onRejection);
  let cluster: SimCluster | undefined;
  try {
    const kind: TrafficKind = world.below(2) === 0 ? 'confluent' : 'contested';
    const isMoving = world.below(3) === 0;
    const people = 2 + world.below(isMoving ? 24 : 6);
    cluster = new SimCluster(
      world,
      {
        shards: 2 + world.below(4),
        routers: 1 + world.below(2),
        flushMsMax: 1 + world.below(20),
        checkpointIntervalMs: world.below(3) === 0 ? 100 + world.below(1_000) : 0,
      },
      note,
    );
    const scenario = play(world, cluster, { kind, people, isMoving }, { note, violation });
    await world.settle(scenario);
  } catch (error) {
    violation(String((error as Error).stack));
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  for (const fault of cluster?.faults ?? []) failures.push(String((fault.cause as Error).stack ?? fault.message));
  cluster?.kill();
  return {
    seed,
    traceHash: hash,
    simulatedMs: world.nowMs,
    eventCount: trace.length,
    failures,
    trace: isTraced ? trace : trace.slice(-TRACE_LINES),
  };
}

type Notes = Pick<ClientParts, 'note' | 'violation'>;

interface Scene {
  readonly kind: TrafficKind;
  readonly people: number;
  /** The number of shards is changed meanwhile. */
  readonly isMoving: boolean;
}

async function play(
  world: SeededWorld,
  cluster: SimCluster,
  { kind, people, isMoving }: Scene,
  { note, violation }: Notes,
): Promise<void> {
  const items = itemsOf(world, kind, people, 20 + world.below(isMoving ? 200 : 100));
  const isLong = world.below(4) === 0;
  const durationMs = isLong ? LONG_FROM_MS + world.below(LONG_FROM_MS) : 500 + world.below(isMoving ? 8_000 : 4_000);
  note(`${kind}, ${people} people, ${items.length} items, ${cluster.shards.length} shards`);
  // Before anything starts: what may go wrong in calls is part of every process.
  const faults = new Faults(cluster, planOf(world, isMoving), note);
  cluster.supervisor.start();
  for (const { index } of cluster.shards) cluster.startShard(index);
  cluster.routers.forEach((_, place) => {
    cluster.startRouter(place);
  });
  let isOver = false;
  let isStuck = false;
  const pauseMsMax = isLong || isMoving ? 600 : 60;
  const parts: ClientParts = { cluster, note, violation, isOver: () => isStuck, pauseMsMax };
  const clientCount = 1 + world.below(4);
  const clients = Array.from(
    { length: clientCount },
    (_, i) =>
      new Client(
        `client ${i}`,
        items.filter((__, n) => n % clientCount === i),
        parts,
      ),
  );
  const sending = Promise.all(clients.map((client) => client.run()));
  const operating =
    kind === 'contested' ? operate(clients[0], people, { ...parts, isOver: () => isOver || isStuck }) : undefined;
  const counting =
    kind === 'confluent' ? count(clients, { ...parts, isOver: () => isOver || isStuck }) : Promise.resolve();
  faults.start();
  if (isMoving) resizeNowAndThen(cluster, () => isOver);
  await sleep(world, durationMs);
  isOver = true;
  faults.heal();
  note('healed');
  const bound = world.clock.after(REST_WITHIN_MS, () => {
    isStuck = true;
  });
  await sending;
  await operating;
  await counting;
  for (const client of clients) {
    if (!client.isDone) violation(`${client.name} still has ${client.left.join(' ')} ${REST_WITHIN_MS} ms later`);
  }
  if (!(await atRest(world, cluster, violation))) return;
  bound();
  const before = await look(cluster, items, kind, violation);
  note('at rest');
  for (const { index } of cluster.shards) cluster.killShard(index, 'cut_off');
  for (const { index } of cluster.shards) cluster.startShard(index);
  if (!(await atRest(world, cluster, violation))) return;
  const after = await look(cluster, items, kind, violation);
  if (before.join('\n') !== after.join('\n'))
    violation(`after a restart it is another state:\n${differenceOf(before, after)}`);
}

function sleep(world: SeededWorld, ms: number): Promise<void> {
  return new Promise((resolve) => world.clock.after(ms, resolve));
}

function resizeNowAndThen(cluster: SimCluster, isOver: () => boolean): void {
  const { world, supervisor } = cluster;
  const again = (): void => {
    world.clock.after(world.below(RESIZE_EVERY_MS_MAX), () => {
      if (isOver()) return;
      supervisor.resize(1 + world.below(SHARDS_MAX));
      again();
    });
  };
  again();
}

function planOf(world: SeededWorld, isMoving: boolean): FaultPlan {
  const isOn = (): boolean => world.below(2) === 0;
  return {
    kills: isOn(),
    routerKills: world.below(3) === 0,
    cuts: isOn(),
    slowDisks: isOn(),
    stuckDisks: world.below(4) === 0,
    fullDisks: world.below(5) === 0,
    tornCheckpoints: world.below(4) === 0,
    crossings: isOn(),
    forgetting: world.below(3) === 0,
    supervisorKills: isMoving && isOn(),
    storms: world.below(3) === 0,
    clockSteps: world.below(3) === 0,
    upgrades: world.below(4) === 0,
    everyMsMax: [60, 300, 1_000][world.below(3)],
    lostDeliveries: world.below(3) === 0,
    latecomers: world.below(3) === 0,
    orphans: world.below(3) === 0,
  };
}

/** Serving, with nothing locked and nothing under way. */
async function atRest(world: SeededWorld, cluster: SimCluster, violation: (what: string) => void): Promise<boolean> {
  const untilMs = world.nowMs + REST_WITHIN_MS;
  for (;;) {
    const left = cluster.leftovers();
    for (const { storage, index } of cluster.shards) {
      if (storage.log.durableSeq < storage.log.lastSeq) left.push(`shard ${index} has to write`);
    }
    if (cluster.routers.some(({ engine }) => engine === undefined)) left.push('a router is not open');
    if (left.length === 0) left.push(...(await unreached(cluster)));
    if (left.length === 0) return true;
    if (world.nowMs >= untilMs) {
      violation(`no rest: ${left.join('; ')}`);
      return false;
    }
    await sleep(world, 20);
  }
}

/** Routers that do not reach every shard. */
async function unreached({ routers }: SimCluster): Promise<string[]> {
  const found: string[] = [];
  for (const { name, engine } of routers) {
    if ((await engine?.stats())?.isReady !== true) found.push(`${name} is not ready`);
  }
  return found;
}

async function look(
  cluster: SimCluster,
  items: readonly SimItem[],
  kind: TrafficKind,
  violation: (what: string) => void,
): Promise<string[]> {
  const engines = cluster.routers.flatMap(({ engine }): ClusterEngine[] => (engine === undefined ? [] : [engine]));
  const [first] = engines;
  const profiles = await exported(first);
  for (const fault of faultsOf(profiles, items)) violation(fault);
  for (const engine of engines) for (const fault of await lookupFaults(engine, profiles)) violation(fault);
  const state = stateOf(profiles);
  if (kind === 'confluent') {
    const single = await singleState(items);
    if (single.join('\n') !== state.join('\n'))
      violation(`one process knows otherwise:\n${differenceOf(single, state)}`);
  }
  return state;
}

function differenceOf(a: readonly string[], b: readonly string[]): string {
  const lines = [...a.filter((line) => !b.includes(line)).map((line) => `- ${line}`)];
  lines.push(...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`));
  return lines
    .slice(0, 6)
    .map((line) => line.slice(0, 1_500))
    .join('\n');
}
