/**
 * A shard process' side of a cluster: an engine with one shard, its links to the other shards, and the calls that routers and shards make. Assembled
 * here; what each part does is theirs.
 *
 * Life: opens its storage and replays its log → listens and finds the other shards → asks each for what it handed over meanwhile → serves.
 */
import { type Assembly, assemble } from '../engine/assembly.ts';
import { type DataFolder, openDataFolder } from '../engine/data-folder.ts';
import type { EngineStats, Gateway } from '../engine/gateway.ts';
import type { OpenOptions } from '../engine/open-options.ts';
import type { Channel } from '../link/channel.ts';
import type { Listening, Network } from '../link/dial.ts';
import { type Handlers, Peer } from '../link/peer.ts';
import { EngineError } from '../model/error.ts';
import type { QuarantineDesk } from '../model/quarantine.ts';
import { SlotMap } from '../router/slot-map.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import { AccountKeeper } from './account/account-keeper.ts';
import type { ChangesAnswer } from './account/account-news.ts';
import { shardPreparer } from './account/shard-preparer.ts';
import { ClusterEngine } from './cluster-engine.ts';
import type { ClusterMap } from './cluster-map.ts';
import { MATCHING_SHARD } from './gateway/routed-matching.ts';
import { ClusterMatching } from './matching/cluster-matching.ts';
import { SlotMover } from './move/slot-mover.ts';
import type { CourtAccess, QuarantineNews } from './quarantine.ts';
import { accountCalls } from './serve/account-calls.ts';
import { duplicatesCalls } from './serve/duplicates-calls.ts';
import { identityCalls } from './serve/identity-calls.ts';
import { lookUpHere } from './serve/lookup-call.ts';
import { matchingCalls } from './serve/matching-calls.ts';
import { personCalls } from './serve/person-calls.ts';
import { populationCalls } from './serve/population-calls.ts';
import { followingSegments, segmentCalls } from './serve/segment-calls.ts';
import { stepCalls } from './serve/step-calls.ts';
import { ShardIngest } from './shard-ingest.ts';
import { ShardLinks } from './shard-links.ts';
import { ShardReturn } from './shard-return.ts';
import { unavailable } from './step/claim.ts';
import { Fence } from './step/fence.ts';
import { LockTable } from './step/lock-table.ts';
import { MirroredDirectory } from './step/mirrored-directory.ts';
import { Outbox } from './step/outbox.ts';
import type { WireBatch } from './wire-batch.ts';

const LIFE_RADIX = 36;
const CLOSE_WAIT_MS = 2_000;
const ASK_AGAIN_MS = 10;

export interface ShardHostOptions {
  readonly index: number;
  readonly map: ClusterMap;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Of this shard; `data` is its own folder. */
  readonly engine: OpenOptions;
  /** The process must end: its memory is ahead of its disk. Called once. */
  readonly onFatal: (error: Error) => void;
  /** For the gateway: who judges what shards die of. */
  readonly court?: CourtAccess | undefined;
  readonly quarantine?: QuarantineDesk | undefined;
  /** Puts something before the calls of others; for tests. */
  readonly wrapCalls?: ((calls: Handlers) => Handlers) | undefined;
}

export class ShardHost {
  /** The whole cluster, for a door of this process. */
  readonly gateway: Gateway;
  readonly #options: ShardHostOptions;
  readonly #assembly: Assembly;
  readonly #slots: SlotMap;
  readonly #links: ShardLinks;
  readonly #outbox: Outbox;
  readonly #locks: LockTable;
  readonly #return: ShardReturn;
  readonly #cluster: ClusterEngine;
  /** Used at the first shard only. */
  readonly #keeper: AccountKeeper;
  readonly #mover: SlotMover;
  /** On the first shard. */
  readonly #matching: ClusterMatching | undefined;
  readonly #peers = new Set<Peer>();
  #serving: Promise<void> = Promise.resolve();
  #listening: Listening | undefined;
  #map: ClusterMap;
  #isServing = false;
  /** Has no slots and is about to leave. */
  #isRetired = false;
  /** By the newest map. One that has none begins no steps: it may be about to leave, and a process that was started anew does not remember. */
  #hasSlots = false;
  #isFatal = false;
  #closing: Promise<void> | undefined;

  private constructor(options: ShardHostOptions, assembly: Assembly, wiring: Wiring) {
    this.#options = options;
    this.#assembly = assembly;
    this.#map = options.map;
    const { slots, locks, directory } = wiring;
    this.#slots = slots;
    this.#locks = locks;
    const { engine, scanner, tools } = assembly;
    const own = assembly.shards[0];
    const { clock, random, network, index, map } = options;
    const life = `${random.nextUint32().toString(LIFE_RADIX)}${random.nextUint32().toString(LIFE_RADIX)}`;
    this.#links = new ShardLinks({ network, clock, random, own: index, handlers: followingSegments(engine) });
    this.#outbox = new Outbox(own, this.#links, clock);
    wiring.outbox = this.#outbox;
    this.#outbox.restore();
    this.#outbox.forgetFrom(map.shards.length);
    const onFatal = (error: unknown): void => this.#fatal(error);
    this.#return = new ShardReturn({
      index,
      own,
      engine,
      links: this.#links,
      outbox: this.#outbox,
      locks,
      clock,
      life,
      map: () => this.#map,
      isClosing: () => this.#closing !== undefined,
      onFatal,
    });
    const nextHolder = (): string => this.#return.nextHolder();
    const fence = new Fence(clock);
    const assertServing = (): void => this.#assertServing();
    const pipeline = engine.ingestPipeline;
    const shared = { own, slots, locks, peers: this.#links };
    const ingest = new ShardIngest({
      ...shared,
      router: assembly.router,
      directory,
      scanner,
      standardiser: pipeline.standardiser,
      counters: pipeline.counters,
      outbox: this.#outbox,
      fence,
      clock,
      random,
      nextHolder,
      pressure: () => engine.ingestPressure(),
      mayBegin: () => this.#closing === undefined && this.#hasSlots,
      onFatal,
    });
    const partServer = engine.queryService.partServers[0];
    partServer.accounts.useLife(life);
    this.#mover = new SlotMover({
      own,
      slots,
      directory,
      locks,
      outbox: this.#outbox,
      fence,
      clock,
      onFatal,
      onLeft: () => this.#useOwners(),
    });
    this.#mover.useOwner((slot) => this.#map.slotOwners[slot] === index);
    this.#mover.restore();
    this.#useOwners();
    const persons = { own, slots, engine, router: assembly.router, assertServing };
    const identity = {
      ...shared,
      engine,
      outbox: this.#outbox,
      fence,
      mirrors: tools,
      clock,
      random,
      nextHolder,
      assertServing: () => this.#assertBeginning(),
      onFatal,
    };
    const calls: Handlers = {
      ping: () => ({ index, isServing: this.#isServing && !this.#isRetired }),
      ingest: (args, { signal }) => {
        assertServing();
        return ingest.ingest(args as WireBatch, signal);
      },
      ...stepCalls({
        own,
        fence,
        locks,
        slots,
        outbox: this.#outbox,
        assertServing,
        onFatal,
        onNewLife: (shard) => this.#links.endSession(shard),
      }),
      ...personCalls(persons),
      ...accountCalls({ own, partServer, keeper: () => this.#keeper, assertServing }),
      ...populationCalls({ own, engine, partServer, clock, assertServing }),
      ...identityCalls(identity),
      ...matchingCalls({ persons, identity, clock, life }),
      ...duplicatesCalls(() => this.#matching, assertServing),
      use_map: (args) => {
        this.useMap(args as ClusterMap);
        return null;
      },
      move_slots: (args) => {
        assertServing();
        const { slots: moved, to } = args as { slots: readonly number[]; to: number };
        return this.#mover.move(moved, to);
      },
      /** Asked first whenever moving begins, also anew: what was retired before may be wanted after all. */
      begun_moves: () => {
        this.#isRetired = false;
        assertServing();
        return this.#mover.begun();
      },
      /** Resolves when all that was handed over so far has arrived. */
      settle: async () => {
        await this.#outbox.settled();
        return null;
      },
      retire: async () => {
        await this.#retire();
        return null;
      },
      ...segmentCalls({ engine, clock, peers: () => this.#peers }),
    };
    const handlers = options.wrapCalls === undefined ? calls : options.wrapCalls(calls);
    this.#handlers = handlers;
    this.#cluster = new ClusterEngine({
      map,
      network,
      clock,
      random,
      limits: options.engine.limits,
      local: { index, handlers, lookUp: (identifier, lookup) => lookUpHere(identifier, lookup, persons) },
      court: options.court,
      quarantine: options.quarantine,
    });
    this.gateway = this.#cluster;
    if (index === MATCHING_SHARD) {
      this.#matching = new ClusterMatching({ ...engine.matchingParts, ...this.#cluster.reach, slots });
    }
    this.#keeper = new AccountKeeper({
      queries: engine.queryService,
      hashSeed: map.hashSeed,
      clock,
      ports: () => this.#cluster.questionPorts(),
      ask: (shard, asked) => this.#cluster.askShard<ChangesAnswer>(shard, 'account_changes', asked),
    });
    engine.queryService.accounts.elsewhere = shardPreparer(this.#cluster.accounts, this.#keeper, partServer, index);
  }

  readonly #handlers: Handlers;

  static async open(options: ShardHostOptions): Promise<ShardHost> {
    const { engine, index, map } = options;
    const data = engine.data ?? './data';
    const isOnDisk = engine.storage === undefined && data !== ':memory:';
    const folder = isOnDisk ? openDataFolder(data, 1) : undefined;
    try {
      return await ShardHost.#openOver(
        options,
        index === 0 || folder === undefined ? folder : withoutSegments(folder),
        map,
      );
    } catch (error) {
      folder?.release();
      throw error;
    }
  }

  static async #openOver(
    options: ShardHostOptions,
    folder: DataFolder | undefined,
    map: ClusterMap,
  ): Promise<ShardHost> {
    const slots = new SlotMap(map.shards.length, map.slotOwners, map.epoch);
    const locks = new LockTable();
    const wiring: Partial<Wiring> = { slots, locks };
    const { clock, random } = options;
    const assembly = await assemble({ ...options.engine, clock, random }, folder, {
      indexes: [options.index],
      // What the options bound is this shard's own share.
      shardCount: 1,
      hashSeed: map.hashSeed,
      directory: ([own], tools) => {
        wiring.directory = new MirroredDirectory(own, slots, locks, tools);
        return wiring.directory;
      },
      handedOver: () => wiring.outbox?.settled() ?? Promise.resolve(),
    });
    const host = new ShardHost(options, assembly, wiring as Wiring);
    await host.#listen();
    return host;
  }

  async #listen(): Promise<void> {
    const { network, index } = this.#options;
    const { address } = this.#map.shards[index];
    this.#listening = await network.listen(address, (channel) => this.#accept(channel));
    this.#links.use(this.#map);
    this.#cluster.useMap(this.#map);
    this.#serving = this.#start();
    this.#serving.catch(() => undefined);
  }

  async #start(): Promise<void> {
    await this.#return.complete();
    this.#isServing = true;
    this.#return.keepTelling();
  }

  #accept(channel: Channel): void {
    const { clock, onFatal: _, index } = this.#options;
    const peer = new Peer(channel, { handlers: this.#handlers, clock, name: `a caller of shard ${index}` });
    this.#peers.add(peer);
    void peer.closed.then(() => this.#peers.delete(peer));
  }

  /** Has no slots and is about to be stopped for good: serves nobody from now on; resolves when nothing is on its way from here. */
  async #retire(): Promise<void> {
    this.#isRetired = true;
    while (this.#locks.holderCount > 0) {
      await new Promise<void>((resolve) => this.#options.clock.after(ASK_AGAIN_MS, resolve));
    }
    await this.#outbox.settled();
  }

  #assertServing(): void {
    if (this.#isServing && !this.#isRetired && this.#closing === undefined) return;
    const { index } = this.#options;
    throw new EngineError(
      'shard_unavailable',
      `shard ${index} is ${this.#closing === undefined && !this.#isRetired ? 'starting' : 'stopping'}`,
      {
        retryAfterMs: 1_000,
        details: { shard: index },
      },
    );
  }

  /** As above, and for a shard without slots. */
  #assertBeginning(): void {
    this.#assertServing();
    if (!this.#hasSlots) throw unavailable(this.#options.index);
  }

  #fatal(error: unknown): void {
    if (this.#isFatal) return;
    this.#isFatal = true;
    this.#isServing = false;
    this.#options.onFatal(error instanceof Error ? error : new Error(String(error)));
  }

  useMap(map: ClusterMap): void {
    if (map.epoch < this.#map.epoch) return;
    this.#map = map;
    this.#useOwners();
    this.#mover.thaw();
    this.#outbox.forgetFrom(map.shards.length);
    this.#links.use(map);
    this.#cluster.useMap(map);
  }

  /** Slots as the map has them, but for those that this shard has begun to give away. */
  #useOwners(): void {
    const { index } = this.#options;
    const { leftSlots } = this.#assembly.shards[0].data;
    const owners = this.#map.slotOwners.map((owner, slot) =>
      owner === index ? (leftSlots.get(slot) ?? owner) : owner,
    );
    this.#hasSlots = this.#map.slotOwners.includes(index);
    this.#slots.use(this.#map, owners);
  }

  useQuarantine(news: QuarantineNews): void {
    this.#cluster.useQuarantine(news);
  }

  /** Resolves when all that other shards had for this one is here. */
  whenServing(): Promise<void> {
    return this.#serving;
  }

  stats(): EngineStats {
    return this.#assembly.engine.stats();
  }

  /** For whoever wants to know whether all is quiet. */
  stepsUnderWay(): { readonly isServing: boolean; readonly holders: readonly string[]; readonly parts: number } {
    return {
      isServing: this.#isServing && !this.#isRetired,
      holders: this.#locks.holders(),
      parts: this.#outbox.count,
    };
  }

  /** Ends what is under way, saves a checkpoint if no part of a step is left to be sent, and lets go of the storage. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clock } = this.#options;
    this.#return.stop();
    this.#mover.close();
    await this.#matching?.close();
    await this.#listening?.close();
    await Promise.race([this.#outbox.settled(), new Promise<void>((resolve) => clock.after(CLOSE_WAIT_MS, resolve))]);
    this.#outbox.close();
    await this.#cluster.close();
    for (const peer of this.#peers) peer.close();
    this.#links.close();
    this.#keeper.end();
    await this.#assembly.engine.close().catch((error: unknown) => {
      // Parts that did not arrive in time are in the log: without a checkpoint the next process finds them there.
      if (!(error instanceof EngineError) || error.code !== 'shard_unavailable' || this.#outbox.count === 0)
        throw error;
    });
  }
}

/** What parts of the host need before it is there. */
interface Wiring {
  readonly slots: SlotMap;
  readonly locks: LockTable;
  directory: MirroredDirectory;
  outbox: Outbox | undefined;
}

/** A copy of the list is fetched anew at every start. */
function withoutSegments(folder: DataFolder): DataFolder {
  return { ...folder, segments: { read: () => undefined, write: () => {} } };
}

/** Resolves when it answers calls of other shards; it serves everybody after `whenServing`. Errors: storage_failed, invalid_request. */
export function openShardHost(options: ShardHostOptions): Promise<ShardHost> {
  return ShardHost.open(options);
}
