/** A cluster in one thread: shard and router processes that can be killed and started again over what their disks kept. */
import { type ClusterEngine, openClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import type { ClusterMap } from '../../../src/cluster/cluster-map.ts';
import { openShardHost, type ShardHost } from '../../../src/cluster/shard-host.ts';
import { MemoryNetwork } from '../../../src/link/memory-network.ts';
import type { RandomSource } from '../../../src/runtime/random.ts';
import { MemoryStorage } from '../../../src/storage/memory-storage.ts';
import { mapOf } from '../../cluster/memory-cluster.ts';
import type { SeededWorld } from '../../unit/link/seeded-world.ts';
import { type Death, SimProcess } from './process.ts';

export interface SimShard {
  readonly index: number;
  process: SimProcess | undefined;
  host: ShardHost | undefined;
  storage: MemoryStorage;
  isClosing: boolean;
  /** Longest time from an append to its sync. */
  flushMsMax: number;
}

export interface SimRouter {
  readonly name: string;
  process: SimProcess | undefined;
  engine: ClusterEngine | undefined;
}

export interface SimClusterOptions {
  readonly shards: number;
  readonly routers: number;
  readonly flushMsMax: number;
  /** 0 = none. */
  readonly checkpointIntervalMs: number;
}

export class SimCluster {
  readonly world: SeededWorld;
  readonly network: MemoryNetwork;
  readonly shards: readonly SimShard[];
  readonly routers: readonly SimRouter[];
  readonly map: ClusterMap;
  /** What must not have happened. */
  readonly faults: Error[] = [];
  readonly #options: SimClusterOptions;
  readonly #note: (text: string) => void;

  constructor(world: SeededWorld, options: SimClusterOptions, note: (text: string) => void) {
    this.world = world;
    this.network = new MemoryNetwork(world.schedule);
    this.#options = options;
    this.#note = note;
    this.map = mapOf(options.shards);
    this.shards = this.map.shards.map(({ index }) => ({
      index,
      process: undefined,
      host: undefined,
      storage: new MemoryStorage({ isAutoFlush: false }),
      isClosing: false,
      flushMsMax: options.flushMsMax,
    }));
    this.routers = Array.from({ length: options.routers }, (_, i) => ({
      name: `router-${i}`,
      process: undefined,
      engine: undefined,
    }));
  }

  get #addresses(): string[] {
    return this.map.shards.map(({ address }) => address);
  }

  /** Does nothing when the process is there. */
  startShard(index: number): void {
    const shard = this.shards[index];
    if (shard.process !== undefined) return;
    const process = new SimProcess(`shard-${index}`, this.world, this.network);
    shard.process = process;
    shard.isClosing = false;
    const { storage } = shard;
    this.#note(`start ${process.name}, log to ${storage.log.lastSeq}`);
    this.#flushNowAndThen(shard, process);
    const opening = openShardHost({
      index,
      map: this.map,
      network: process.network,
      clock: process.clock,
      random: this.#random(),
      engine: {
        workers: 1,
        cacheSizeBytes: 1 << 16,
        dedupCount: 1 << 14,
        checkpointIntervalMs: this.#options.checkpointIntervalMs,
        storage: () => storage,
      },
      onFatal: (error) => {
        if (process.isAlive) this.#fault(`${process.name} is fatal`, error);
      },
    });
    opening.then(
      (host) => {
        if (!process.isAlive) return;
        shard.host = host;
        host.whenServing().then(
          () => {
            if (process.isAlive) this.#note(`${process.name} serves`);
          },
          (error: Error) => {
            if (process.isAlive && !shard.isClosing) this.#fault(`${process.name} did not come to serve`, error);
          },
        );
      },
      (error: Error) => {
        if (process.isAlive) this.#fault(`${process.name} did not open`, error);
      },
    );
  }

  /** Each process draws its own numbers, so that what one does does not change what another draws. */
  #random(): RandomSource {
    let state = this.world.below(2 ** 32);
    return {
      nextUint32: () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return (state ^ (state >>> 15)) >>> 0;
      },
    };
  }

  #flushNowAndThen(shard: SimShard, process: SimProcess): void {
    const { storage } = shard;
    const again = (): void => {
      process.clock.after(1 + this.world.below(shard.flushMsMax), () => {
        const { durableSeq, lastSeq } = storage.log;
        // Now and then a commit takes only what was there when it began.
        const isPart = lastSeq > durableSeq + 1 && this.world.below(4) === 0;
        storage.flush(isPart ? durableSeq + 1 + this.world.below(lastSeq - durableSeq) : lastSeq);
        again();
      });
    };
    again();
  }

  #fault(what: string, error: Error): void {
    this.#note(`FAULT ${what}: ${error.message}`);
    this.faults.push(new Error(`${what}: ${error.message}`, { cause: error }));
  }

  killShard(index: number, death: Death): void {
    const shard = this.shards[index];
    if (shard.process === undefined) return;
    const { durableSeq, lastSeq } = shard.storage.log;
    shard.process.kill(death, this.#addresses);
    shard.storage = shard.storage.crash({ loseUnflushed: true, random: () => this.world.below(1_000) / 1_000 });
    this.#note(
      `kill ${shard.process.name} (${death}), ${durableSeq} of ${lastSeq} durable, ${shard.storage.log.lastSeq} kept`,
    );
    shard.process = undefined;
    shard.host = undefined;
  }

  /** Ends in order, as for an upgrade; it may be killed meanwhile. */
  async closeShard(index: number): Promise<void> {
    const shard = this.shards[index];
    const { process, host, storage } = shard;
    if (process === undefined || host === undefined) return;
    this.#note(`close ${process.name}`);
    shard.isClosing = true;
    await Promise.race([host.close(), process.killed]).catch((error: Error) => {
      if (process.isAlive) this.#fault(`${process.name} did not close`, error);
    });
    if (!process.isAlive) return;
    process.kill('sent_arrives', this.#addresses);
    this.#note(`${process.name} is closed`);
    shard.storage = storage.reopen();
    shard.process = undefined;
    shard.host = undefined;
  }

  startRouter(place: number): void {
    const router = this.routers[place];
    if (router.process !== undefined) return;
    const process = new SimProcess(router.name, this.world, this.network);
    router.process = process;
    this.#note(`start ${router.name}`);
    const opening = openClusterEngine({
      map: this.map,
      network: process.network,
      clock: process.clock,
      random: this.#random(),
    });
    opening.then(
      (engine) => {
        if (!process.isAlive) return;
        router.engine = engine;
        this.#note(`${router.name} is open`);
      },
      (error: Error) => this.#fault(`${router.name} did not open`, error),
    );
  }

  killRouter(place: number, death: Death): void {
    const router = this.routers[place];
    if (router.process === undefined) return;
    this.#note(`kill ${router.name} (${death})`);
    router.process.kill(death, this.#addresses);
    router.process = undefined;
    router.engine = undefined;
  }

  /** Everything ends, so that nothing is left to run. */
  kill(): void {
    for (const { index } of this.shards) this.killShard(index, 'cut_off');
    this.routers.forEach((_, place) => {
      this.killRouter(place, 'cut_off');
    });
  }

  /** Steps that hold locks on each shard, and parts that each has not handed over. */
  leftovers(): string[] {
    return this.shards.flatMap(({ index, host }) => {
      if (host === undefined) return [`shard ${index} is not open`];
      const { isServing, holders, parts } = host.stepsUnderWay();
      const found = holders.map((holder) => `shard ${index} is locked by ${holder}`);
      if (parts > 0) found.push(`shard ${index} has ${parts} parts for others`);
      if (!isServing) found.push(`shard ${index} does not serve`);
      return found;
    });
  }
}
