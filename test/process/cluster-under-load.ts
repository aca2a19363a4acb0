/**
 * A real cluster that is sent to all the time while it is killed and grown, and the verdict at the end: what was acknowledged is there once, and
 * the whole is what one process makes of the same items. Senders do as SDKs do: what was refused for now, or not answered, is sent again as it was.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { open } from '../../src/engine/open.ts';
import type { ClusterView } from '../../src/model/cluster.ts';
import { type Answer, KithProcess, temporaryFolder } from './kith-process.ts';
import type { Random } from './seed.ts';

const START_MS = Date.parse('2026-01-02T03:04:05.000Z');
const USERS = 150;
const LANES = 3;
const BATCH = 20;
const POLL_MS = 10;
const DEADLINE_MS = 120_000;
/** Between two batches of one sender, so that there is less to compare at the end. */
const LANE_PAUSE_MS = 15;

interface Item {
  readonly messageId: string;
  readonly [field: string]: unknown;
}

/** Looks until it is so. The pause is between two looks, not what is waited for. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const endMs = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await delay(POLL_MS);
  }
}

export class ClusterUnderLoad {
  readonly #data: string;
  readonly #random: Random;
  /** All that was ever sent; in the end all of it is acknowledged. */
  readonly #items: Item[] = [];
  readonly #lanes: Promise<void>[] = [];
  #kith: KithProcess;
  #settled = 0;
  #isOver = false;

  private constructor(kith: KithProcess, data: string, random: Random) {
    this.#kith = kith;
    this.#data = data;
    this.#random = random;
  }

  static async start(shards: number, routers: number, random: Random): Promise<ClusterUnderLoad> {
    const data = temporaryFolder();
    const flags = ['--cluster', '--shards', String(shards), '--routers', String(routers)];
    return new ClusterUnderLoad(await KithProcess.start({ data, flags }), data, random);
  }

  get kith(): KithProcess {
    return this.#kith;
  }

  get settledCount(): number {
    return this.#settled;
  }

  beginLoad(): void {
    for (let lane = 0; lane < LANES; lane++) this.#lanes.push(this.#load(this.#random.fork()));
    // Told at the end.
    for (const lane of this.#lanes) lane.catch(() => undefined);
  }

  async #load(random: Random): Promise<void> {
    while (!this.#isOver) {
      await this.#settle(Array.from({ length: BATCH }, () => this.#newItem(random)));
      await delay(LANE_PAUSE_MS);
    }
  }

  #newItem(random: Random): Item {
    const n = this.#items.length;
    const user = random.below(USERS);
    const head = { messageId: `m${n}`, timestamp: new Date(START_MS + n * 1_000).toISOString(), userId: `u${user}` };
    const item = random.chance(20)
      ? { ...head, type: 'identify', traits: { email: `p${user}@kith.test`, plan: n % 3 } }
      : { ...head, type: 'track', event: 'Seen', properties: { n } };
    this.#items.push(item);
    return item;
  }

  /** Until each item is acknowledged. Only what passes may be refused. */
  async #settle(items: readonly Item[]): Promise<void> {
    const body = (batch: readonly Item[]): string => JSON.stringify({ batch });
    let left = items;
    await until('the cluster takes a batch', async () => {
      const kith = this.#kith;
      const answer = await kith.post('/v1/import', body(left)).catch((): Answer | undefined => undefined);
      if (answer === undefined || answer.status >= 500) return undefined;
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
      const again: Item[] = [];
      for (const { index, code, message, retryable } of answer.json.rejected) {
        if (retryable !== true) throw new Error(`refused: ${code}: ${message}`);
        again.push(left[index]);
      }
      this.#settled += left.length - again.length;
      left = again;
      return left.length === 0 ? true : undefined;
    });
  }

  /** Through a router that is there. */
  async view(): Promise<ClusterView> {
    return await until('a view of the cluster', async () => {
      const answer = await this.#kith.call('/v1/cluster').catch((): Answer | undefined => undefined);
      return answer?.status === 200 ? (answer.json as ClusterView) : undefined;
    });
  }

  /** All serve. */
  async whole(): Promise<ClusterView> {
    return await until('all processes serve', async () => {
      const view = await this.view();
      return [...view.shards, ...view.routers].every(({ state }) => state === 'up') ? view : undefined;
    });
  }

  /** Asks until it is taken: while a shard is away it may not be. */
  async order(shards: number): Promise<void> {
    await until(`the order of ${shards} shards`, async () => {
      const answer = await this.#kith
        .post('/v1/cluster/rebalance', { shards })
        .catch((): Answer | undefined => undefined);
      if (answer === undefined || answer.status === 503) return undefined;
      if (answer.status !== 202) throw new Error(`${answer.status}: ${answer.text}`);
      return true;
    });
  }

  /** More than `past` slots have moved, and more are to: gives how many have. Fails when it was over before. */
  async amidMove(past: number): Promise<number> {
    return await until('slots move', async () => {
      const { move } = await this.view();
      if (move === undefined) throw new Error('the slots had moved before they were looked at');
      return move.total > 0 && move.done > past ? move.done : undefined;
    });
  }

  /** The slots are on so many shards, and everybody serves. */
  async spread(shards: number): Promise<ClusterView> {
    const view = await this.#atRest();
    expect(view.shards).toHaveLength(shards);
    return view;
  }

  /** Nothing moves, and everybody serves. */
  async #atRest(): Promise<ClusterView> {
    return await until('the slots are where they belong', async () => {
      const view = await this.whole();
      return view.move === undefined ? view : undefined;
    });
  }

  /** What was acknowledged from now on has been so for a while. */
  async goesOn(items: number): Promise<void> {
    const before = this.#settled;
    await until('senders are answered', async () => (this.#settled >= before + items ? true : undefined));
  }

  /** kill -9; gives whether it was there. */
  async killShard(index: number): Promise<boolean> {
    return killed((await this.view()).shards[index]?.pid);
  }

  async killRouter(index: number): Promise<boolean> {
    return killed((await this.view()).routers[index]?.pid);
  }

  /** Another one takes its folder up at once, and knows by it how many shards there are. */
  async killSupervisor(routers: number): Promise<void> {
    await this.#kith.kill();
    this.#kith = await until('a new supervisor starts', async () => {
      const kith = KithProcess.spawn({ data: this.#data, flags: ['--cluster', '--routers', String(routers)] });
      return await kith.listening.then(
        () => kith,
        () => undefined,
      );
    });
  }

  /** Ends the load; every item is acknowledged, counted once, and the whole is what one process makes of them. */
  async expectAll(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
    await this.#atRest();
    expect(this.#settled).toBe(this.#items.length);
    const tracked = this.#items.filter(({ type }) => type === 'track');
    const count = await this.#kith.post('/v1/query', { where: 'did "Seen"', as: 'count' });
    expect(count.json.count).toBe(new Set(tracked.map(({ userId }) => userId)).size);
    const perUser = new Map<unknown, number>();
    for (const { userId } of tracked) perUser.set(userId, (perUser.get(userId) ?? 0) + 1);
    const ids = [...perUser.keys()];
    const { json } = await this.#kith.post('/v1/profiles/get', { ids });
    const counted = json.profiles.map((profile: { counts: { Seen: number } } | null) => profile?.counts.Seen);
    expect(counted).toEqual(ids.map((id) => perUser.get(id)));
    expect(await this.#kith.stateHash()).toBe(await this.#embeddedHash());
  }

  async #embeddedHash(): Promise<string> {
    const engine = await open({ data: ':memory:', workers: 1, checkpointIntervalMs: 0 });
    try {
      for (let at = 0; at < this.#items.length; at += 1_000) {
        const { rejected } = await engine.ingest(this.#items.slice(at, at + 1_000), { isImport: true, ack: 'applied' });
        expect(rejected).toEqual([]);
      }
      return engine.stateHash();
    } finally {
      await engine.close();
    }
  }
}

function killed(pid: number | undefined): boolean {
  if (pid === undefined || pid === 0) return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    // It died between the look and the kill.
    return false;
  }
}
