/**
 * Slots on the move while shards die: whatever dies when, at the end there is what one process would have, under every identifier. The traffic has
 * shared devices, logins, aliases; a router hears of no new map before it is asked at the end. Whenever nothing is under way every identifier must lead to
 * its one profile. One seed, one run, as long as nothing draws otherwise; KITH_TEST_DEATHS=0 lets everybody live.
 */
import { expect } from 'vitest';
import type { ClusterEngine } from '../../src/cluster/cluster-engine.ts';
import { open } from '../../src/engine/open.ts';
import type { Identifier, Profile } from '../../src/model/profile.ts';
import { type Random, randomOf } from '../process/seed.ts';
import { SeededWorld } from '../unit/link/seeded-world.ts';
import { MovingCluster } from './moving-cluster.ts';

const START_MS = Date.parse('2026-01-02T03:04:05.000Z');
const USERS = 40;
const VISITORS = 70;
/** At first. */
const SHARDS = 2;
/** Numbers of shards, one after the other. */
const WAYS = [
  [3, 2],
  [4, 2],
  [3, 4],
] as const;
const WATCH_EVERY_MS = 8;
const LONGEST_MS = 40_000;
const DEATHS = Number(process.env['KITH_TEST_DEATHS'] ?? 4);

interface Item {
  readonly messageId: string;
  readonly [field: string]: unknown;
}

function itemOf(random: Random, n: number): Item {
  const head = { messageId: `m${n}`, timestamp: new Date(START_MS + n * 1_000).toISOString() };
  const userId = `u${random.below(USERS)}`;
  const anonymousId = `a${random.below(VISITORS)}`;
  switch (random.below(8)) {
    case 0:
    case 1:
      return { ...head, type: 'track', anonymousId, event: 'Seen', properties: { n } };
    case 2:
    case 3:
      return { ...head, type: 'track', userId, event: 'Bought', properties: { total: n } };
    case 4:
      return { ...head, type: 'identify', userId, anonymousId, traits: { n } };
    case 5:
      return { ...head, type: 'identify', userId, traits: { email: `p${random.below(USERS)}@x.org`, plan: n % 3 } };
    case 6:
      return { ...head, type: 'alias', userId, previousId: anonymousId };
    default:
      return { ...head, type: 'track', userId, anonymousId, event: 'Both', properties: { n } };
  }
}

const ALL: readonly Identifier[] = [
  ...Array.from({ length: USERS }, (_, i) => ({ type: 'user_id', value: `u${i}` })),
  ...Array.from({ length: VISITORS }, (_, i) => ({ type: 'anonymous_id', value: `a${i}` })),
  ...Array.from({ length: USERS }, (_, i) => ({ type: 'email', value: `p${i}@x.org` })),
];

/** Without the orders in which things came to each engine. */
function plain(profile: Profile | undefined): unknown {
  if (profile === undefined) return undefined;
  const { id, identifiers, traits, counts, events = [] } = profile;
  return {
    id,
    identifiers: identifiers.map(({ type, value }) => `${type}:${value}`).sort(),
    traits: Object.entries(traits).sort(),
    counts: Object.entries(counts).sort(),
    events: events.map(({ messageId }) => messageId).sort(),
  };
}

const CODES_TO_TRY_AGAIN = ['shard_unavailable', 'deadline_exceeded', 'overloaded'];

/** One run: what happens is decided by the seed. */
class Run {
  readonly world: SeededWorld;
  readonly random: Random;
  /** In the order in which they were acknowledged. */
  readonly items: Item[] = [];
  /** How often the bindings were looked at. */
  quietCount = 0;
  /** What happened when. */
  readonly trace: string[] = [];
  #waitingFor = '';
  #cluster: MovingCluster | undefined;
  #routers: ClusterEngine[] = [];
  #isOver = false;
  #break: (error: Error) => void = () => undefined;
  /** Rejects with what must not have happened, as soon as it has. */
  readonly broken = new Promise<never>((_, reject) => {
    this.#break = reject;
  });

  constructor(seed: number) {
    this.world = new SeededWorld(seed, 1 + (seed % 5));
    this.random = randomOf(seed);
  }

  get cluster(): MovingCluster {
    return this.#cluster!;
  }

  async play(): Promise<void> {
    const { world, random } = this;
    this.#cluster = await MovingCluster.open({ shards: SHARDS, world, flushMsMax: 1 + random.below(8) });
    const { cluster } = this;
    const router = await cluster.router('router');
    const stale = await cluster.router('stale');
    cluster.routers.push(router);
    this.#routers = [router, stale];
    this.#watch();
    await this.#send(150);
    for (const target of random.pick(WAYS)) await this.#moveTo(target);
    await cluster.whole();
    await this.#send(60);
  }

  #watch(): void {
    const { world, cluster } = this;
    if (this.#isOver) return;
    const faults = cluster.fatal.map(({ stack }) => String(stack));
    const found = cluster.bindingFaults(ALL);
    if (found !== undefined) this.quietCount += 1;
    faults.push(...(found ?? []));
    if (world.nowMs > LONGEST_MS)
      faults.push(`no rest: ${cluster.rebalance.view?.stage}, ${this.#waitingFor} ${cluster.told()}`);
    if (faults.length > 0)
      this.#break(new Error(`at ${world.nowMs} ms, item ${this.items.length}: ${faults.slice(0, 5).join('\n')}`));
    else world.clock.after(WATCH_EVERY_MS, () => this.#watch());
  }

  async #moveTo(target: number): Promise<void> {
    const { cluster, random } = this;
    cluster.rebalance.begin(target);
    let isOver = false;
    const traffic = (async () => {
      while (!isOver) {
        await this.#send(2);
        await this.#turns(random.below(40));
      }
    })();
    for (let death = 0; death < DEATHS && cluster.rebalance.view !== undefined; death++) {
      await this.#turns(random.below(400));
      if (random.chance(20)) await cluster.restartSupervisor();
      const victims = random.chance(30) ? [...Array(cluster.shards).keys()] : [random.below(cluster.shards)];
      this.#note(`${victims} die`);
      for (const victim of victims) cluster.kill(victim);
      if (random.chance(50)) await cluster.whole();
    }
    await cluster.untilMoved();
    isOver = true;
    await traffic;
    expect(cluster.shards).toBe(target);
  }

  #note(what: string): void {
    this.trace.push(`${this.world.nowMs} ${what} (${this.quietCount})`);
  }

  async #turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.cluster.turn();
  }

  async #send(count: number): Promise<void> {
    const [router, stale] = this.#routers;
    for (let i = 0; i < count; i++) {
      const item = itemOf(this.random, this.items.length);
      this.items.push(item);
      await this.#settled(async () => {
        const { rejected } = await (this.random.chance(25) ? stale : router).ingest([item], {
          isImport: true,
          ack: 'durable',
        });
        for (const one of rejected) {
          expect(one).toMatchObject({ retryable: true });
          this.#waitingFor = `${JSON.stringify(item)}: ${one.message}`;
        }
        return rejected.length === 0 ? true : undefined;
      });
      this.#note(item.messageId);
    }
  }

  /** As a client does it: what was refused for now, or got no answer, is tried again. */
  async #settled<T>(ask: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      try {
        const answer = await ask();
        if (answer !== undefined) return answer;
      } catch (error) {
        expect(CODES_TO_TRY_AGAIN).toContain((error as { code?: string }).code);
        this.#waitingFor = String(error);
      }
      await this.cluster.turn();
    }
  }

  /** What each identifier leads to, by either router, and the state as a whole. */
  async look(): Promise<{ readonly lines: readonly string[][]; readonly state: string }> {
    const lines: string[][] = [];
    // It has no links to shards that it never heard of.
    if (this.cluster.shards > SHARDS) this.#routers[1].useMap(this.cluster.map);
    for (const router of this.#routers) {
      const found: string[] = [];
      for (const identifier of ALL) {
        const answer = await this.#settled(async () => [await router.lookup(identifier, { events: 1_000 })]);
        found.push(lineOf(identifier, answer[0]));
      }
      lines.push(found);
    }
    return { lines, state: await this.#settled(() => this.#routers[0].stateHash()) };
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#routers.map((router) => router.close()));
    await this.cluster.close();
  }
}

function lineOf(identifier: Identifier, profile: Profile | undefined): string {
  return `${identifier.type}:${identifier.value}: ${JSON.stringify(plain(profile))}`;
}

/** What differs, in few words. */
function differences(mine: readonly string[], wanted: readonly string[]): string[] {
  return mine.flatMap((line, i) => {
    if (line === wanted[i]) return [];
    const at = [...line].findIndex((character, k) => character !== wanted[i][k]);
    return [
      `${line.slice(0, 60)} … ${line.slice(Math.max(0, at - 40), at + 60)} but ${wanted[i].slice(Math.max(0, at - 40), at + 60)}`,
    ];
  });
}

/** Gives what happened when. Throws where the cluster is not, or was not meanwhile, as one process. */
export async function playMovesWithDeaths(seed: number): Promise<readonly string[]> {
  const run = new Run(seed);
  const { world } = run;
  const { lines, state } = await world.settle(Promise.race([run.play().then(() => run.look()), run.broken]));
  const single = await open({ data: ':memory:', shards: 1 });
  for (const item of run.items) await single.ingest([item], { isImport: true });
  const wanted = ALL.map((identifier) => lineOf(identifier, single.lookup(identifier, { events: 1_000 })));
  expect(differences(lines[0], wanted).slice(0, 5)).toEqual([]);
  expect(differences(lines[1], wanted).slice(0, 5)).toEqual([]);
  expect(state).toBe(single.stateHash());
  await single.close();
  await world.settle(run.close());
  expect(run.cluster.fatal).toEqual([]);
  expect(run.quietCount).toBeGreaterThan(100);
  return [...run.trace, `${world.nowMs} ${state}`];
}
