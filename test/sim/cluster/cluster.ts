/**
 * A cluster in one thread: shard and router processes that can be killed and started again over what their disks kept, and a supervisor that
 * knows which there are and tells them.
 */
import { openClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import type { ClusterMap } from '../../../src/cluster/cluster-map.ts';
import { openShardHost } from '../../../src/cluster/shard-host.ts';
import { MemoryNetwork } from '../../../src/link/memory-network.ts';
import { EngineError } from '../../../src/model/error.ts';
import type { RandomSource } from '../../../src/runtime/random.ts';
import { MemoryStorage } from '../../../src/storage/memory-storage.ts';
import type { SeededWorld } from '../../unit/link/seeded-world.ts';
import { type Death, SimProcess } from './process.ts';
import type { Meddler, SimRouter, SimShard, Stage } from './stage.ts';
import { SimSupervisor } from './supervisor.ts';

const RESTART_MS_MAX = 500;
const NEWS_MS_MAX = 20;
/** Now and then a process is busy, or asleep. */
const LATE_NEWS_EVERY = 12;
const LATE_NEWS_MS_MAX = 2_000;

export interface SimClusterOptions {
  readonly shards: number;
  readonly routers: number;
  readonly flushMsMax: number;
  /** 0 = none. */
  readonly checkpointIntervalMs: number;
}

export class SimCluster implements Stage {
  readonly world: SeededWorld;
  readonly network: MemoryNetwork;
  readonly routers: readonly SimRouter[];
  readonly supervisor: SimSupervisor;
  readonly faults: Error[] = [];
  /** What goes wrong in the midst of calls. */
  readonly meddlers: Meddler[] = [];
  /** Now and then a process that dies leaves a checkpoint that cannot be read behind its last whole one. */
  tearsCheckpoints = false;
  /** Also those that have left: their folders are kept. */
  readonly #places: SimShard[] = [];
  readonly #options: SimClusterOptions;
  readonly #note: (text: string) => void;

  constructor(world: SeededWorld, options: SimClusterOptions, note: (text: string) => void) {
    this.world = world;
    this.network = new MemoryNetwork(world.schedule);
    this.#options = options;
    this.#note = note;
    this.supervisor = new SimSupervisor(this, options.shards, note);
    this.routers = Array.from({ length: options.routers }, (_, i) => ({
      name: `router-${i}`,
      process: undefined,
      engine: undefined,
    }));
  }

  get map(): ClusterMap {
    return this.supervisor.map;
  }

  get shards(): readonly SimShard[] {
    return this.map.shards.map(({ index }) => this.#placeOf(index));
  }

  #placeOf(index: number): SimShard {
    for (let next = this.#places.length; next <= index; next++) {
      this.#places.push({
        index: next,
        process: undefined,
        host: undefined,
        storage: new MemoryStorage({ isAutoFlush: false }),
        isClosing: false,
        isServing: false,
        isLeaving: false,
        flushMsMax: this.#options.flushMsMax,
        isDiskStuck: false,
        isDiskFull: false,
      });
    }
    return this.#places[index];
  }

  get #addresses(): string[] {
    return this.#places.map(({ index }) => `shard-${index}`);
  }

  startShard(index: number): void {
    const shard = this.#placeOf(index);
    if (shard.process !== undefined || shard.isLeaving || index >= this.map.shards.length) return;
    const process = new SimProcess(`shard-${index}`, this.world, this.network);
    shard.process = process;
    shard.isClosing = false;
    const { storage } = shard;
    if (shard.isDiskFull) storage.failDisk();
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
      onFatal: (error) => this.#ends(shard, process, 'is fatal', error),
      wrapCalls: (calls) => this.meddlers.reduce((wrapped, meddler) => meddler.wrap(wrapped, shard, process), calls),
    });
    opening.then(
      (host) => {
        if (!process.isAlive) return;
        shard.host = host;
        // There may be another map by now.
        host.useMap(this.map);
        host.whenServing().then(
          () => {
            if (!process.isAlive || shard.isClosing) return;
            shard.isServing = true;
            this.#note(`${process.name} serves`);
            this.supervisor.publishStates();
          },
          (error: Error) => {
            if (!shard.isClosing) this.#ends(shard, process, 'did not come to serve', error);
          },
        );
      },
      (error: Error) => this.#ends(shard, process, 'did not open', error),
    );
    this.supervisor.publishStates();
  }

  /** A process that cannot go on: that of a disk that refused to write dies and is started again; nothing else may happen. */
  #ends(shard: SimShard, process: SimProcess, what: string, error: Error): void {
    if (!process.isAlive) return;
    const isOfDisk = error instanceof EngineError && error.code === 'storage_failed' && shard.storage.isDiskFailed;
    if (!isOfDisk) {
      this.#fault(`${process.name} ${what}`, error);
      return;
    }
    this.#note(`${process.name} ${what}: ${error.message}`);
    this.killShard(shard.index, 'sent_arrives');
    this.world.clock.after(1 + this.world.below(RESTART_MS_MAX), () => this.startShard(shard.index));
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
        if (shard.isDiskStuck) {
          again();
          return;
        }
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
    const shard = this.#placeOf(index);
    if (shard.process === undefined) return;
    const { durableSeq, lastSeq } = shard.storage.log;
    shard.process.kill(death, this.#addresses);
    shard.storage = shard.storage.crash({ loseUnflushed: true, random: () => this.world.below(1_000) / 1_000 });
    this.#note(
      `kill ${shard.process.name} (${death}), ${durableSeq} of ${lastSeq} durable, ${shard.storage.log.lastSeq} kept`,
    );
    if (this.tearsCheckpoints && this.world.below(3) === 0) shard.storage.checkpoints.plantTornManifest();
    this.#isGone(shard);
  }

  #isGone(shard: SimShard): void {
    shard.process = undefined;
    shard.host = undefined;
    shard.isServing = false;
    this.supervisor.publishStates();
  }

  async closeShard(index: number): Promise<void> {
    const shard = this.#placeOf(index);
    const { process, host, storage } = shard;
    if (process === undefined || host === undefined) return;
    this.#note(`close ${process.name}`);
    shard.isClosing = true;
    shard.isServing = false;
    await Promise.race([host.close(), process.killed]).catch((error: Error) => {
      this.#ends(shard, process, 'did not close', error);
    });
    if (!process.isAlive) return;
    process.kill('sent_arrives', this.#addresses);
    this.#note(`${process.name} is closed`);
    shard.storage = storage.reopen();
    this.#isGone(shard);
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
        engine.useMap(this.map);
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
    this.supervisor.kill();
    for (const { index } of this.#places) this.killShard(index, 'cut_off');
    this.routers.forEach((_, place) => {
      this.killRouter(place, 'cut_off');
    });
  }

  tellMap(): void {
    const { world, map } = this;
    const processes = [...this.shards, ...this.routers];
    for (const place of processes) {
      const { process } = place;
      if (process === undefined) continue;
      const delayMs = world.below(LATE_NEWS_EVERY) === 0 ? world.below(LATE_NEWS_MS_MAX) : world.below(NEWS_MS_MAX);
      process.clock.after(delayMs, () => {
        const end = 'host' in place ? place.host : place.engine;
        if (place.process === process) end?.useMap(map);
      });
    }
  }

  /** Steps that hold locks on each shard, parts that each has not handed over, and slots that are on their way. */
  leftovers(): string[] {
    const { move } = this.supervisor;
    const left = move === undefined ? [] : [`slots are moved: ${move}`];
    for (const { index, process } of this.#places.slice(this.shards.length)) {
      if (process !== undefined) left.push(`shard ${index} has left and is there`);
    }
    for (const { index, host } of this.shards) {
      if (host === undefined) {
        left.push(`shard ${index} is not open`);
        continue;
      }
      const { isServing, holders, parts } = host.stepsUnderWay();
      for (const holder of holders) left.push(`shard ${index} is locked by ${holder}`);
      if (parts > 0) left.push(`shard ${index} has ${parts} parts for others`);
      if (!isServing) left.push(`shard ${index} does not serve`);
    }
    return left;
  }
}
