/** A whole cluster in one process: shard hosts and a router over a network in memory, on real time or on a simulation's. */
import { type ClusterEngine, openClusterEngine } from '../../src/cluster/cluster-engine.ts';
import type { ClusterMap } from '../../src/cluster/cluster-map.ts';
import { openShardHost, type ShardHost } from '../../src/cluster/shard-host.ts';
import type { OpenOptions } from '../../src/engine/open.ts';
import { MemoryNetwork } from '../../src/link/memory-network.ts';
import { Peer } from '../../src/link/peer.ts';
import { evenOwners } from '../../src/router/slot-map.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { type RandomSource, systemRandom } from '../../src/runtime/random.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';

export interface MemoryClusterOptions {
  readonly shards: number;
  readonly engine?: OpenOptions | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: RandomSource | undefined;
  /** Turns from an append to the disk; 0 or absent = at once. */
  readonly flushTurns?: number | undefined;
}

const HASH_SEED = 0x5eed;

export function mapOf(shards: number): ClusterMap {
  return {
    epoch: 1,
    hashSeed: HASH_SEED,
    shards: Array.from({ length: shards }, (_, index) => ({
      index,
      address: `shard-${index}`,
      door: '',
      pid: 0,
      state: 'up' as const,
      restarts: 0,
    })),
    slotOwners: evenOwners(shards),
  };
}

export class MemoryCluster {
  readonly network = new MemoryNetwork((task) => setImmediate(task));
  readonly hosts: ShardHost[] = [];
  readonly storages: MemoryStorage[] = [];
  readonly fatal: Error[] = [];
  map: ClusterMap;
  readonly #options: MemoryClusterOptions;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  #isClosed = false;

  constructor(options: MemoryClusterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom();
    this.map = mapOf(options.shards);
  }

  static async open(options: MemoryClusterOptions): Promise<MemoryCluster> {
    const cluster = new MemoryCluster(options);
    const { flushTurns = 0 } = options;
    for (let index = 0; index < options.shards; index++) {
      cluster.storages.push(new MemoryStorage({ isAutoFlush: flushTurns === 0 }));
    }
    if (flushTurns > 0) cluster.#flushEvery(flushTurns);
    await Promise.all(cluster.map.shards.map(({ index }) => cluster.start(index)));
    await Promise.all(cluster.hosts.map((host) => host.whenServing()));
    return cluster;
  }

  #flushEvery(turns: number): void {
    let turn = 0;
    const tick = (): void => {
      turn += 1;
      if (turn % turns === 0) for (const storage of this.storages) storage.flush();
      if (!this.#isClosed) setImmediate(tick);
    };
    tick();
  }

  async start(index: number): Promise<void> {
    this.hosts[index] = await openShardHost({
      index,
      map: this.map,
      network: this.network.as(`shard-${index}`),
      clock: this.#clock,
      random: this.#random,
      engine: {
        workers: 1,
        checkpointIntervalMs: 0,
        ...this.#options.engine,
        storage: () => this.storages[index],
      },
      onFatal: (error) => this.fatal.push(error),
    });
  }

  router(name = 'router'): Promise<ClusterEngine> {
    return openClusterEngine({
      map: this.map,
      network: this.network.as(name),
      clock: this.#clock,
      random: this.#random,
      limits: this.#options.engine?.limits,
    });
  }

  /** As the supervisor does it: the slots go over, then the new owner hears of the new map, then the old one, then everybody. */
  async moveSlots(slots: readonly number[], to: number, routers: readonly ClusterEngine[]): Promise<void> {
    const from = this.map.slotOwners[slots[0]];
    const peer = new Peer(await this.network.dial(`shard-${from}`), { handlers: {}, clock: this.#clock });
    await peer.ready;
    await peer.call('move_slots', { slots, to });
    peer.close();
    const moved = new Set(slots);
    const slotOwners = this.map.slotOwners.map((owner, slot) => (moved.has(slot) ? to : owner));
    this.map = { ...this.map, epoch: this.map.epoch + 1, slotOwners };
    this.hosts[to].useMap(this.map);
    this.hosts[from].useMap(this.map);
    for (const host of this.hosts) host.useMap(this.map);
    for (const router of routers) router.useMap(this.map);
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.close()));
    this.#isClosed = true;
  }
}
