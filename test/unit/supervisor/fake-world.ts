/** A supervisor's world without processes: children that live and die as the test says, and a clock that moves when told. */
import type { ClusterMap } from '../../../src/cluster/cluster-map.ts';
import type { QuarantineNews } from '../../../src/cluster/quarantine.ts';
import { QuarantineCourt } from '../../../src/cluster/quarantine-court.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { Child, ChildEnd, ChildEvents, ChildStats, Role } from '../../../src/supervisor/child.ts';
import type { ClusterChange } from '../../../src/supervisor/cluster-folder.ts';
import { evenSlotOwners } from '../../../src/supervisor/slot-ranges.ts';
import { Supervisor } from '../../../src/supervisor/supervisor.ts';

export class ManualClock implements Clock {
  #nowMs = 1_000;
  readonly #timers = new Set<{ atMs: number; everyMs: number | undefined; task: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  every(intervalMs: number, task: () => void): () => void {
    return this.#add(intervalMs, intervalMs, task);
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#add(delayMs, undefined, task);
  }

  yieldTurn(): Promise<void> {
    return Promise.resolve();
  }

  /** Runs what is due on the way, in order. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#nowMs = due.atMs;
      if (due.everyMs === undefined) this.#timers.delete(due);
      else due.atMs += due.everyMs;
      due.task();
    }
    this.#nowMs = endMs;
  }

  #add(delayMs: number, everyMs: number | undefined, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, everyMs, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

export class FakeChild implements Child {
  readonly maps: ClusterMap[] = [];
  readonly quarantine: QuarantineNews[] = [];
  stops = 0;
  kills = 0;

  readonly role: Role;
  readonly index: number;
  readonly pid: number;
  readonly events: ChildEvents;

  constructor(role: Role, index: number, pid: number, events: ChildEvents) {
    this.role = role;
    this.index = index;
    this.pid = pid;
    this.events = events;
  }

  useMap(map: ClusterMap): void {
    this.maps.push(map);
  }

  useQuarantine(news: QuarantineNews): void {
    this.quarantine.push(news);
  }

  stop(): void {
    this.stops += 1;
  }

  kill(): void {
    this.kills += 1;
  }

  serve(door = ''): void {
    this.events.onGreeted();
    this.events.onServing(door);
  }

  end(end: Partial<ChildEnd> = { signal: 'SIGKILL' }): void {
    this.events.onEnded({ code: null, signal: null, ...end });
  }
}

export const NO_STATS: ChildStats = {
  memoryBytes: 0,
  accepted: 0,
  lookups: 0,
  queries: 0,
  profiles: 0,
  events: 0,
  appliedSeq: 0,
  durableSeq: 0,
  checkpointSeq: 0,
};

export interface World {
  readonly supervisor: Supervisor;
  readonly court: QuarantineCourt;
  readonly clock: ManualClock;
  /** All that were ever started, in order. */
  readonly children: FakeChild[];
  readonly log: {
    readonly level: string;
    readonly message: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
  /** What the cluster's file was told. */
  readonly kept: ClusterChange[];
  /** Of the supervisor to shards, which do at once what they are told. */
  readonly calls: string[];
  /** The newest process of a place. */
  child(role: Role, index: number): FakeChild;
  /** Lets everything that was started serve. */
  serveAll(): void;
}

export interface WorldOptions {
  readonly shards?: number;
  readonly routers?: number;
  readonly random?: number;
  /** Processes of shards that cannot be made. */
  readonly refusals?: number;
  readonly targetShards?: number;
}

export function makeWorld({
  shards = 2,
  routers = 1,
  random = 0,
  refusals = 0,
  targetShards,
}: WorldOptions = {}): World {
  const clock = new ManualClock();
  const children: FakeChild[] = [];
  const log: World['log'] = [];
  const kept: ClusterChange[] = [];
  const calls: string[] = [];
  let refused = 0;
  const noting =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      log.push({ level, message, fields });
    };
  const logger = { debug: noting('debug'), info: noting('info'), warn: noting('warn'), error: noting('error') };
  let epoch = 0;
  const court = new QuarantineCourt({
    clock,
    kept: [],
    onNews: (news) => supervisor.useQuarantine(news),
    onQuarantined: () => {},
    keep: () => {},
  });
  const supervisor = new Supervisor({
    court,
    shardCount: shards,
    routerCount: routers,
    hashSeed: 7,
    keep: (change) => void kept.push(change),
    targetShards,
    callShard: async (address, method) => {
      calls.push(`${method} ${address.replace(/^.*(shard-\d+)\.sock$/, '$1')}`);
      return method === 'begun_moves' ? [] : null;
    },
    slotOwners: evenSlotOwners(shards),
    nextEpoch: () => {
      epoch += 1;
      return epoch;
    },
    addressOf: (shard) => `unix:/run/shard-${shard}.sock`,
    spawn: (role, index, events) => {
      if (role === 'shard' && refused < refusals) {
        refused += 1;
        throw new Error('no process ids left');
      }
      const child = new FakeChild(role, index, 100 + children.length, events);
      children.push(child);
      return child;
    },
    clock,
    random: { nextUint32: () => random },
    logger,
  });
  const child = (role: Role, index: number): FakeChild => {
    const found = children.findLast((one) => one.role === role && one.index === index);
    if (found === undefined) throw new Error(`no ${role} ${index} was started`);
    return found;
  };
  return {
    supervisor,
    court,
    clock,
    children,
    log,
    kept,
    calls,
    child,
    serveAll() {
      // A router is started when the last shard serves: the list grows on the way.
      for (const one of children) one.serve(`http://127.0.0.1:${one.pid}`);
    },
  };
}
