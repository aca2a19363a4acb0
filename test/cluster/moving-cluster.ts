/**
 * A cluster in one process whose number of shards is changed by the supervisor's own code, and whose shards die at any moment with what
 * was not on their disks. Routers hear of new maps when they are told.
 */
import { type ClusterEngine, openClusterEngine } from '../../src/cluster/cluster-engine.ts';
import type { ClusterMap } from '../../src/cluster/cluster-map.ts';
import { openShardHost, type ShardHost } from '../../src/cluster/shard-host.ts';
import type { OpenOptions } from '../../src/engine/open.ts';
import { MemoryNetwork } from '../../src/link/memory-network.ts';
import { Peer } from '../../src/link/peer.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { Rebalance } from '../../src/supervisor/rebalance.ts';
import { mapOf } from './memory-cluster.ts';
import { Mortal } from './mortal.ts';

interface Place {
  storage: MemoryStorage;
  mortal: Mortal;
  /** Absent while it starts. */
  host?: ShardHost | undefined;
  isServing: boolean;
}

export interface MovingClusterOptions {
  readonly shards: number;
  readonly engine?: OpenOptions | undefined;
  /** Turns from an append to the disk. */
  readonly flushTurns: number;
  /** In [0, 1): how much of what was not on the disk a death leaves. */
  readonly random: () => number;
}

/** Nobody waits half a second. */
const hasty: Clock = { ...systemClock, after: (delayMs, task) => systemClock.after(Math.min(delayMs, 5), task) };

export class MovingCluster {
  readonly network = new MemoryNetwork((task) => setImmediate(task));
  readonly fatal: Error[] = [];
  /** Hear of every map. */
  readonly routers: ClusterEngine[] = [];
  readonly moves: { readonly slots: readonly number[]; readonly from: number; readonly to: number }[] = [];
  map: ClusterMap;
  /** As the cluster's file has it. */
  target: number | undefined;
  rebalance: Rebalance;
  readonly #places: Place[] = [];
  /** Folders of shards that left. */
  readonly #left = new Map<number, MemoryStorage>();
  readonly #options: MovingClusterOptions;
  #isClosed = false;

  private constructor(options: MovingClusterOptions) {
    this.#options = options;
    this.map = mapOf(options.shards);
    this.rebalance = this.#supervisor();
  }

  static async open(options: MovingClusterOptions): Promise<MovingCluster> {
    const cluster = new MovingCluster(options);
    cluster.#flushNow();
    for (let index = 0; index < options.shards; index++) cluster.#start(index);
    await cluster.whole();
    return cluster;
  }

  #flushNow(): void {
    let turn = 0;
    const tick = (): void => {
      turn += 1;
      if (turn % this.#options.flushTurns === 0) for (const { storage } of this.#places) storage.flush();
      if (!this.#isClosed) setImmediate(tick);
    };
    tick();
  }

  #start(index: number, storage = this.#left.get(index) ?? new MemoryStorage()): void {
    const name = `shard-${index}`;
    const mortal = new Mortal(systemClock, this.network.as(name));
    const place: Place = { storage, mortal, isServing: false };
    this.#places[index] = place;
    const opened = openShardHost({
      index,
      map: this.map,
      network: mortal.network,
      clock: mortal.clock,
      random: systemRandom(),
      engine: { workers: 1, checkpointIntervalMs: 0, ...this.#options.engine, storage: () => storage },
      onFatal: (error) => void (mortal.isAlive && this.fatal.push(error)),
    });
    opened
      .then(async (host) => {
        place.host = host;
        // The map may have changed meanwhile.
        host.useMap(this.map);
        await host.whenServing();
        place.isServing = mortal.isAlive;
      })
      .catch((error: Error) => void (mortal.isAlive && !this.#isClosed && this.fatal.push(error)));
  }

  /** It dies now, with what was not on its disk, and starts again. */
  kill(index: number): void {
    const { mortal, storage } = this.#places[index];
    mortal.isAlive = false;
    this.network.kill(`shard-${index}`);
    for (let other = 0; other < this.#places.length; other++) {
      this.network.breakChannels(`shard-${other}`, `shard-${index}`);
    }
    this.#start(index, storage.crash({ loseUnflushed: true, random: this.#options.random }));
  }

  get shards(): number {
    return this.#places.length;
  }

  isServing(index: number): boolean {
    return this.#places[index]?.isServing === true;
  }

  async whole(): Promise<void> {
    while (this.#places.some(({ isServing }) => !isServing)) await turn();
  }

  /** What each shard has. */
  profileCounts(): number[] {
    return this.#places.map(({ host }) => host?.stats().profiles ?? -1);
  }

  partsOnTheirWay(): number {
    return this.#places.reduce((sum, { host }) => sum + (host?.stepsUnderWay().parts ?? 0), 0);
  }

  async router(name: string): Promise<ClusterEngine> {
    const network = this.network.as(name);
    const { limits } = this.#options.engine ?? {};
    return await openClusterEngine({ map: this.map, network, clock: systemClock, random: systemRandom(), limits });
  }

  async call(shard: number, method: string, args: unknown): Promise<unknown> {
    const peer = new Peer(await this.network.dial(`shard-${shard}`), { handlers: {}, clock: systemClock });
    try {
      await peer.ready;
      return await peer.call(method, args);
    } finally {
      peer.close();
    }
  }

  /** Another supervisor over what the one before it left. */
  async restartSupervisor(): Promise<void> {
    const before = this.rebalance;
    this.rebalance = this.#supervisor();
    await before.stop();
    if (this.target !== undefined) this.rebalance.begin(this.target);
  }

  async untilMoved(): Promise<void> {
    while (this.rebalance.view !== undefined) await turn();
  }

  #use(change: Partial<ClusterMap>): ClusterMap {
    this.map = { ...this.map, ...change, epoch: this.map.epoch + 1 };
    return this.map;
  }

  #publish(): void {
    for (const { host } of this.#places) host?.useMap(this.map);
    for (const router of this.routers) router.useMap(this.map);
  }

  #supervisor(): Rebalance {
    return new Rebalance({
      clock: hasty,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      slotOwners: () => this.map.slotOwners,
      shardCount: () => this.#places.length,
      grow: (count) => {
        this.#use({ shards: mapOf(count).shards });
        for (let index = this.#places.length; index < count; index++) this.#start(index);
        this.#publish();
      },
      shrink: async (count) => {
        for (const [i, place] of this.#places.slice(count).entries()) {
          expectNothing(place, count + i);
          await place.host?.close();
          this.#left.set(count + i, place.storage.reopen());
        }
        this.#places.length = count;
        this.#use({ shards: this.map.shards.slice(0, count) });
        this.#publish();
      },
      keepTarget: (count) => {
        this.target = count;
      },
      keepOwners: (slotOwners) => {
        for (let slot = 0; slot < slotOwners.length; slot++) {
          const from = this.map.slotOwners[slot];
          if (from !== slotOwners[slot]) this.moves.push({ slots: [slot], from, to: slotOwners[slot] });
        }
        return this.#use({ slotOwners });
      },
      map: () => this.map,
      publish: () => this.#publish(),
      callShard: (shard, method, args) => this.call(shard, method, args),
      isServing: (shard) => this.isServing(shard),
      contentOf: () => undefined,
      isBusy: () => false,
    });
  }

  async close(): Promise<void> {
    await this.rebalance.stop();
    await this.whole();
    await Promise.all(this.#places.map(({ host }) => host?.close()));
    this.#isClosed = true;
  }
}

/** A shard that leaves takes nobody along. */
function expectNothing({ host }: Place, index: number): void {
  const profiles = host?.stats().profiles ?? 0;
  const parts = host?.stepsUnderWay().parts ?? 0;
  if (profiles + parts > 0)
    throw new Error(`shard ${index} leaves with ${profiles} profiles and ${parts} parts of steps`);
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
