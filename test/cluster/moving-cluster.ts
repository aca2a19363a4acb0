/**
 * A cluster in one process whose number of shards is changed by the supervisor's own code, and whose shards die at any moment with what
 * was not on their disks. Routers hear of new maps when they are told. All turns, times and draws are the world's: one seed, one run.
 */
import { type ClusterEngine, openClusterEngine } from '../../src/cluster/cluster-engine.ts';
import type { ClusterMap } from '../../src/cluster/cluster-map.ts';
import type { LedBy } from '../../src/cluster/lookup-wire.ts';
import type { PlaceAnswer } from '../../src/cluster/serve/person-calls.ts';
import { openShardHost, type ShardHost } from '../../src/cluster/shard-host.ts';
import type { OpenOptions } from '../../src/engine/open.ts';
import { MemoryNetwork } from '../../src/link/memory-network.ts';
import { type Handlers, Peer } from '../../src/link/peer.ts';
import type { Identifier } from '../../src/model/profile.ts';
import { SlotMap } from '../../src/router/slot-map.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { RandomSource } from '../../src/runtime/random.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { Rebalance } from '../../src/supervisor/rebalance.ts';
import { SeededWorld } from '../unit/link/seeded-world.ts';
import { mapOf } from './memory-cluster.ts';
import { Mortal } from './mortal.ts';

interface Place {
  storage: MemoryStorage;
  mortal: Mortal;
  /** Absent while it starts. */
  host?: ShardHost | undefined;
  /** What it answers, to be asked without a link. */
  calls?: Handlers | undefined;
  isServing: boolean;
}

export interface MovingClusterOptions {
  readonly shards: number;
  readonly engine?: OpenOptions | undefined;
  readonly world: SeededWorld;
  /** Longest time from an append to the disk. */
  readonly flushMsMax: number;
}

const HOPS_MAX = 8;
const NEVER = new AbortController().signal;

export class MovingCluster {
  readonly network: MemoryNetwork;
  readonly world: SeededWorld;
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
  readonly #clock: Clock;
  #isClosed = false;

  private constructor(options: MovingClusterOptions) {
    this.#options = options;
    this.world = options.world;
    this.network = new MemoryNetwork(this.world.schedule);
    this.#clock = { ...this.world.clock, yieldTurn: () => this.turn() };
    this.map = mapOf(options.shards);
    this.rebalance = this.#supervisor();
  }

  static async open(options: MovingClusterOptions): Promise<MovingCluster> {
    const cluster = new MovingCluster(options);
    for (let index = 0; index < options.shards; index++) cluster.#start(index);
    await cluster.whole();
    return cluster;
  }

  /** A later moment, so that whoever waits in turns for others does not wait for ever. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.world.clock.after(this.world.below(2), resolve));
  }

  /** Each process draws its own numbers. */
  #random(): RandomSource {
    return new SeededWorld(this.world.below(2 ** 31)).random;
  }

  /** A disk, as long as its process lives. */
  #flushNowAndThen(place: Place): void {
    const { world } = this;
    world.clock.after(1 + world.below(this.#options.flushMsMax), () => {
      if (!place.mortal.isAlive || this.#isClosed) return;
      place.storage.flush();
      this.#flushNowAndThen(place);
    });
  }

  #start(index: number, storage = this.#left.get(index) ?? new MemoryStorage()): void {
    const name = `shard-${index}`;
    const mortal = new Mortal(this.#clock, this.network.as(name));
    const place: Place = { storage, mortal, isServing: false };
    this.#places[index] = place;
    this.#flushNowAndThen(place);
    const opened = openShardHost({
      index,
      map: this.map,
      network: mortal.network,
      clock: mortal.clock,
      random: this.#random(),
      engine: { workers: 1, checkpointIntervalMs: 0, ...this.#options.engine, storage: () => storage },
      wrapCalls: (calls) => {
        place.calls = calls;
        return calls;
      },
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
    this.#start(index, storage.crash({ loseUnflushed: true, random: () => this.world.below(1_000) / 1_000 }));
  }

  get shards(): number {
    return this.#places.length;
  }

  isServing(index: number): boolean {
    return this.#places[index]?.isServing === true;
  }

  async whole(): Promise<void> {
    while (this.#places.some(({ isServing }) => !isServing)) await this.turn();
  }

  /** What each shard has. */
  profileCounts(): number[] {
    return this.#places.map(({ host }) => host?.stats().profiles ?? -1);
  }

  /**
   * What must not be while no step is under way: an identifier in two profiles, in one to which the owner of its slot does not lead, or, when no slots move, in none while
   * the owner does not know that. Undefined
   * while a shard starts or something is under way.
   */
  bindingFaults(identifiers: readonly Identifier[]): string[] | undefined {
    const { map } = this;
    if (!this.#isQuiet) return undefined;
    const slots = new SlotMap(map.shards.length, map.slotOwners, map.epoch);
    const ask = (shard: number, asked: readonly Identifier[], by?: LedBy): PlaceAnswer =>
      this.#places[shard].calls?.['place']({ identifiers: asked, by }, { signal: NEVER }) as PlaceAnswer;
    const answers = this.#places.map((_, shard) => ask(shard, identifiers));
    const faults: string[] = [];
    identifiers.forEach((identifier, i) => {
      const text = `${identifier.type}:${identifier.value}`;
      const has = answers.flatMap((answer, shard) => (answer[i] === 'here' ? [shard] : []));
      if (has.length > 1) faults.push(`${text} is on shards ${has.join(' and ')}`);
      const toldOf = (way: readonly string[], last: unknown): string =>
        `${text} is on shards [${has.join(' and ')}], and its owner leads to ${way.join(', ')}: ${JSON.stringify(last)}`;
      // While the new owner has not heard of the map yet, each of the two asks the other one.
      if (has.length === 0 && this.target !== undefined) return;
      const way: string[] = [];
      for (let [shard, by] = [slots.shardOf(identifier), undefined as LedBy | undefined]; ; ) {
        const [answer] = ask(shard, [identifier], by);
        way.push(`${shard}${by === undefined ? '' : ` by ${by.join(':')}`}`);
        if (typeof answer === 'number') [shard, by] = [answer, undefined];
        else if (answer !== null && answer !== 'here' && answer.length === 3) {
          [shard, by] = [answer[0], [answer[1], answer[2]]];
        } else {
          if ((answer === 'here') !== has.length > 0) faults.push(toldOf(way, answer));
          break;
        }
        if (way.length > HOPS_MAX) {
          faults.push(toldOf(way, answer));
          break;
        }
      }
    });
    return faults;
  }

  get #isQuiet(): boolean {
    return this.#places.every(({ host, isServing }) => {
      if (host === undefined || !isServing) return false;
      const { holders, parts, isServing: isUp } = host.stepsUnderWay();
      return isUp && holders.length + parts === 0;
    });
  }

  /** What each shard is doing, for whoever wonders why there is no rest. */
  told(): string {
    return JSON.stringify(this.#places.map(({ host, isServing }) => ({ isServing, ...host?.stepsUnderWay() })));
  }

  partsOnTheirWay(): number {
    return this.#places.reduce((sum, { host }) => sum + (host?.stepsUnderWay().parts ?? 0), 0);
  }

  async router(name: string): Promise<ClusterEngine> {
    const network = this.network.as(name);
    const { limits } = this.#options.engine ?? {};
    return await openClusterEngine({ map: this.map, network, clock: this.#clock, random: this.#random(), limits });
  }

  async call(shard: number, method: string, args: unknown): Promise<unknown> {
    const peer = new Peer(await this.network.dial(`shard-${shard}`), { handlers: {}, clock: this.#clock });
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
    while (this.rebalance.view !== undefined) await this.turn();
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
      clock: this.#clock,
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
