/**
 * A cluster in one process whose shards die of what the test says: the network breaks, the storage keeps what was durable, a new host takes
 * the place. Judged by a court as the supervisor has it, which hears of each death a moment later, as of a process' end.
 */
import type { ClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import { openClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import type { ClusterMap } from '../../../src/cluster/cluster-map.ts';
import type { CourtAccess, QuarantineRecord, ShardEnd } from '../../../src/cluster/quarantine.ts';
import { QuarantineCourt } from '../../../src/cluster/quarantine-court.ts';
import { openShardHost, type ShardHost } from '../../../src/cluster/shard-host.ts';
import type { WireBatch } from '../../../src/cluster/wire-batch.ts';
import { MemoryNetwork } from '../../../src/link/memory-network.ts';
import type { Handlers } from '../../../src/link/peer.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { systemRandom } from '../../../src/runtime/random.ts';
import { MemoryStorage } from '../../../src/storage/memory-storage.ts';
import { mapOf } from '../memory-cluster.ts';

export interface DeadlyOptions {
  readonly shards: number;
  /** Whether the shard dies of a call that it is about to do. */
  isDeadly(method: string, args: unknown, shard: number): boolean;
  readonly end?: ShardEnd | undefined;
}

/** Whether one of the batch's items holds the text. */
export function hasText(args: unknown, text: string): boolean {
  return Buffer.from((args as WireBatch).items).includes(text);
}

export class DeadlyCluster {
  readonly network = new MemoryNetwork((task) => setImmediate(task));
  readonly map: ClusterMap;
  readonly court: QuarantineCourt;
  readonly kept: (readonly QuarantineRecord[])[] = [];
  readonly found: QuarantineRecord[] = [];
  /** Of each death, the shard. */
  readonly deaths: number[] = [];
  /** Sizes of the batches that came to a shard, in order. */
  readonly batches: { readonly shard: number; readonly count: number }[] = [];
  readonly routers: ClusterEngine[] = [];
  readonly #options: DeadlyOptions;
  readonly #hosts: ShardHost[] = [];
  readonly #storages: MemoryStorage[] = [];
  readonly #rising = new Set<Promise<void>>();
  /** Deaths of each shard so far. */
  readonly #lives: number[] = [];

  private constructor(options: DeadlyOptions) {
    this.#options = options;
    this.map = mapOf(options.shards);
    this.court = new QuarantineCourt({
      clock: systemClock,
      kept: [],
      onNews: (news) => {
        for (const router of this.routers) setImmediate(() => router.useQuarantine(news));
      },
      onQuarantined: (record) => this.found.push(record),
      keep: (records) => this.kept.push(records),
    });
  }

  static async open(options: DeadlyOptions, routerCount: number): Promise<DeadlyCluster> {
    const cluster = new DeadlyCluster(options);
    for (const { index } of cluster.map.shards) {
      cluster.#storages[index] = new MemoryStorage({ isAutoFlush: true });
      await cluster.#start(index);
    }
    await Promise.all(cluster.#hosts.map((host) => host.whenServing()));
    for (let i = 0; i < routerCount; i++) await cluster.addRouter(`router ${i}`);
    return cluster;
  }

  async addRouter(name: string): Promise<ClusterEngine> {
    const router = await openClusterEngine({
      map: this.map,
      network: this.network.as(name),
      clock: systemClock,
      random: systemRandom(),
      court: this.access(name),
    });
    router.useQuarantine(this.court.snapshot());
    this.routers.push(router);
    return router;
  }

  /** As over a control link: words arrive in order, in later turns. */
  access(holder: string): CourtAccess {
    const { court } = this;
    return {
      report: (_, hashes) => void setImmediate(() => court.report(hashes)),
      begin: async (shard, hash, exhibit) => {
        await systemClock.yieldTurn();
        return court.begin(holder, shard, hash, exhibit);
      },
      end: (trial) => void setImmediate(() => court.end(holder, trial)),
    };
  }

  async #start(index: number): Promise<void> {
    this.#hosts[index] = await openShardHost({
      index,
      map: this.map,
      network: this.network.as(`shard-${index}`),
      clock: systemClock,
      random: systemRandom(),
      engine: { workers: 1, checkpointIntervalMs: 0, storage: () => this.#storages[index] },
      onFatal: () => undefined,
      wrapCalls: (calls) => this.#deadly(calls, index),
    });
  }

  #deadly(calls: Handlers, shard: number): Handlers {
    let isDead = false;
    return Object.fromEntries(
      Object.entries(calls).map(([method, handler]) => [
        method,
        (args: unknown, call: Parameters<typeof handler>[1]) => {
          if (isDead) return new Promise(() => undefined);
          if (method === 'ingest') this.batches.push({ shard, count: (args as WireBatch).count });
          if (!this.#options.isDeadly(method, args, shard)) return handler(args, call);
          isDead = true;
          this.die(shard);
          return new Promise(() => undefined);
        },
      ]),
    );
  }

  /** As when its process is gone. Another takes its place. */
  die(shard: number): void {
    this.deaths.push(shard);
    const address = `shard-${shard}`;
    this.network.kill(address);
    for (const other of this.map.shards) this.network.breakChannels(other.address, address);
    this.#storages[shard] = this.#storages[shard].crash({ loseUnflushed: true });
    // What is left of it has no disk and nobody's ear any more.
    void this.#hosts[shard].close().catch(() => undefined);
    this.#lives[shard] = (this.#lives[shard] ?? 0) + 1;
    const life = this.#lives[shard];
    const rise = (async () => {
      await systemClock.yieldTurn();
      this.court.shardEnded(shard, this.#options.end ?? 'crash');
      this.court.holderEnded(`shard ${shard}`);
      await this.#start(shard);
      try {
        await this.#hosts[shard].whenServing();
      } catch (error) {
        // It may die again before it serves; then the next one is waited for.
        if (this.#lives[shard] === life) throw error;
      }
    })();
    this.#rising.add(rise);
    void rise.finally(() => this.#rising.delete(rise));
  }

  /** No shard is on its way back. */
  async whenAllServe(): Promise<void> {
    while (this.#rising.size > 0) await Promise.all(this.#rising);
  }

  async close(): Promise<void> {
    await this.whenAllServe();
    for (const router of this.routers) await router.close();
    await Promise.all(this.#hosts.map((host) => host.close()));
  }
}
