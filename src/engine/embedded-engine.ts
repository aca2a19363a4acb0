/**
 * The engine in one process: doors above, router and shards below, all on one thread; scans on workers. Owns the schedule of
 * checkpoints, the memory limit and the order of closing.
 */
import type { ItemScanner } from '../ingest/item-scanner.ts';
import type { Accounts } from '../model/account.ts';
import { type ClusterView, slotRanges } from '../model/cluster.ts';
import type { EnrichmentAnswer, EnrichmentRequest } from '../model/enrichment.ts';
import { EngineError } from '../model/error.ts';
import type { TraitHistory, TraitHistoryRequest } from '../model/history.ts';
import type { IdentitySettings } from '../model/identity.ts';
import type {
  IdentityGraph,
  IdentitySettingsAnswer,
  MergeAnswer,
  MergeRequest,
  UnmergeAnswer,
  UnmergeRequest,
} from '../model/identity-request.ts';
import type { IngestOptions, IngestResult } from '../model/ingest.ts';
import { type IngestLimits, SLOT_COUNT } from '../model/limits.ts';
import type { ExportOptions, Identifier, LookupOptions, Profile } from '../model/profile.ts';
import type { Expression, QueryAnswer, QueryRequest } from '../model/query.ts';
import type { CompletionAnswer, CompletionRequest, Schema, SchemaNarrowing } from '../model/schema.ts';
import type { Segment, SegmentRequest, SegmentSaved, WhyAnswer, WhyOptions } from '../model/segment.ts';
import type { Router } from '../router/router.ts';
import { SlotMap } from '../router/slot-map.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import { LINKAGE, WorkerPool } from '../runtime/worker-pool.ts';
import type { Shard } from '../shard/shard.ts';
import { AccountReader } from './account/account-reader.ts';
import type { PartServer } from './answer/part-server.ts';
import { answerWhy, type WhyParts } from './answer/why.ts';
import { Completer } from './completion/completer.ts';
import { completionParts } from './completion/completion-part.ts';
import type { DataFolder } from './data-folder.ts';
import type { Engine, EngineStats, FrameOutcome } from './engine.ts';
import { EnrichmentService } from './enrichment/enrichment-service.ts';
import { exportPage } from './export-page.ts';
import { HistoryRetention } from './history-retention.ts';
import { IdentityService } from './identity/identity-service.ts';
import { IdentitySettingsService } from './identity/settings-service.ts';
import { IngestPipeline } from './ingest-pipeline.ts';
import type { MatchingParts } from './matching/matching-run.ts';
import { MatchingService } from './matching/matching-service.ts';
import { SuggestionStore } from './matching/suggestion-store.ts';
import { NameCheck } from './name-check.ts';
import { ProfileHistory } from './profile-history.ts';
import { ProfileReader } from './profile-reader.ts';
import { QueryService } from './query-service.ts';
import { QuestionReader } from './question-reader.ts';
import { readSchema } from './schema/catalogue.ts';
import { Slices } from './schema/slices.ts';
import { SegmentService } from './segment-service.ts';
import { SegmentStore } from './segment-store.ts';
import { stateHashOf } from './state-hash.ts';

/** A log longer than this asks for a checkpoint before its time, so that a restart stays short. */
const LOG_SIZE_FOR_CHECKPOINT_BYTES = 512 * 2 ** 20;
const SIZE_CHECK_INTERVAL_MS = 5_000;
/** Ingest stops while the disk still has this much, because a log whose disk is full can only fail; checkpoints need room too. */
const DISK_RESERVE_BYTES = 256 * 2 ** 20;

export interface EmbeddedEngineParts {
  readonly shards: readonly Shard[];
  readonly router: Router;
  readonly scanner: ItemScanner;
  readonly limits: IngestLimits;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly pool: WorkerPool;
  /** Rules of identity that go before those kept in the folder. */
  readonly identity?: IdentitySettings | undefined;
  readonly folder: DataFolder | undefined;
  readonly memoryLimitBytes: number;
  readonly checkpointIntervalMs: number;
  readonly recoveredMs: number;
  /** 0 or absent = traits' values that were overwritten are kept for good. */
  readonly historyRetentionMs?: number | undefined;
  /** Of this process, for `cluster`. */
  readonly pid: number;
  /** In a cluster: resolves when what this shard handed over to others so far is on their disks. */
  readonly handedOver?: (() => Promise<void>) | undefined;
}

export class EmbeddedEngine implements Engine {
  readonly #parts: EmbeddedEngineParts;
  readonly #ingest: IngestPipeline;
  readonly #queries: QueryService;
  readonly #segments: SegmentService;
  readonly #history: ProfileHistory;
  readonly #retention: HistoryRetention | undefined;
  readonly #identity: IdentityService;
  readonly #enrichment: EnrichmentService;
  readonly #identitySettings: IdentitySettingsService;
  readonly #matching: MatchingService;
  readonly #completer: Completer;
  readonly #why: WhyParts;
  /** For a shard process of a cluster. */
  readonly segmentStore: SegmentStore;
  /** For the shard of a cluster that looks for duplicates among the people of all. */
  readonly matchingParts: Omit<MatchingParts, 'people'>;
  readonly accounts: Accounts;
  readonly profilePages: ProfileReader;
  readonly #timers: (() => void)[] = [];
  #lookups = 0;
  #lookupMisses = 0;
  #checkpointing: Promise<CheckpointSummary> | undefined;
  #closing: Promise<void> | undefined;
  #checkpointError: unknown;
  #isDiskLow = false;

  constructor(parts: EmbeddedEngineParts) {
    this.#parts = parts;
    const { router, scanner, limits, clock, random } = parts;
    this.#ingest = new IngestPipeline(router, scanner, limits, clock, random, () => this.ingestPressure());
    const { folder } = parts;
    this.#history = new ProfileHistory({ router, clock, retentionMs: parts.historyRetentionMs ?? 0 });
    this.#identitySettings = new IdentitySettingsService(router, folder?.identity, parts.identity, (settings) =>
      this.#ingest.standardiser.use(settings),
    );
    this.#enrichment = new EnrichmentService(router, this.#ingest);
    this.#identity = new IdentityService({ router, clock, settings: () => this.#identitySettings.settings });
    this.matchingParts = {
      clock,
      settings: () => this.#identitySettings.settings,
      store: new SuggestionStore(folder?.suggestions),
      makePool: () => new WorkerPool(parts.pool.threadCount, LINKAGE),
      roomBytes: () => parts.memoryLimitBytes - this.#usedBytes(),
    };
    this.#matching = new MatchingService({ ...this.matchingParts, router, identity: this.#identity });
    const store = new SegmentStore(folder?.segments);
    this.segmentStore = store;
    const names = new NameCheck(parts.shards);
    this.#segments = new SegmentService(store, names, clock);
    this.#completer = new Completer(store, (ask) => completionParts(parts.shards, ask, new Slices(clock)));
    const reader = new QuestionReader(store, names);
    const assertKept = (atMs: number): void => this.#history.assertKept(atMs);
    this.#queries = new QueryService(parts.shards, parts.pool, clock, reader, assertKept);
    this.#why = { router, clock, reader, segments: store, accounts: this.#queries.accounts };
    this.accounts = new AccountReader({ accounts: this.#queries.accounts, router, clock });
    const { accounts } = this.#queries;
    this.profilePages = new ProfileReader({ router, segments: store, clock, accounts, assertKept });
    const { shards, historyRetentionMs: retentionMs = 0 } = parts;
    if (retentionMs > 0) {
      this.#retention = new HistoryRetention({ shards, clock, retentionMs, isOver: () => this.#closing !== undefined });
      this.#timers.push(this.#retention.start());
    }
    if (folder !== undefined) {
      this.#checkDisk(folder);
      this.#timers.push(clock.every(SIZE_CHECK_INTERVAL_MS, () => this.#checkDisk(folder)));
    }
    if (parts.checkpointIntervalMs > 0) {
      this.#timers.push(clock.every(parts.checkpointIntervalMs, () => this.#checkpointInBackground()));
      this.#timers.push(clock.every(SIZE_CHECK_INTERVAL_MS, () => this.#checkpointWhenLong()));
    }
  }

  /** For a shard process of a cluster, which brings its items another way. */
  get ingestPipeline(): IngestPipeline {
    return this.#ingest;
  }

  get queryService(): QueryService {
    return this.#queries;
  }

  async ingest(items: readonly unknown[], options?: IngestOptions): Promise<IngestResult> {
    return this.#ingest.ingest(items, options);
  }

  ingestFrame(frame: Uint8Array, options?: IngestOptions): FrameOutcome {
    return this.#ingest.ingestFrame(frame, options);
  }

  /** The folder may be another's once this engine closes. */
  #assertOpen(): void {
    if (this.#closing !== undefined) throw closingError();
  }

  ingestPressure(): EngineError | undefined {
    if (this.#closing !== undefined) return closingError();
    if (this.#isDiskLow) {
      return new EngineError('storage_failed', 'the disk of the data folder is almost full; make room and send again', {
        retryAfterMs: 30_000,
      });
    }
    const used = this.#usedBytes();
    if (used <= this.#parts.memoryLimitBytes) return undefined;
    return new EngineError(
      'memory_limit',
      `the engine uses ${used} bytes of its limit of ${this.#parts.memoryLimitBytes}; raise memoryLimit or add shards elsewhere`,
      { retryAfterMs: 30_000 },
    );
  }

  #checkDisk(folder: DataFolder): void {
    this.#isDiskLow = folder.freeBytes() < DISK_RESERVE_BYTES;
  }

  #usedBytes(): number {
    let used = this.#queries.usedBytes;
    for (const shard of this.#parts.shards) used += shard.memory.usedBytes + shard.data.cache.usedBytes;
    return used;
  }

  lookupJson(identifier: Identifier, options?: LookupOptions): Uint8Array | undefined {
    this.#lookups += 1;
    if (options !== undefined && (options.at !== undefined || options.verbose === true)) {
      const json = this.#history.lookupJson(identifier, options);
      if (json === undefined) this.#lookupMisses += 1;
      return json;
    }
    const address = this.#parts.router.locate(identifier);
    if (address === undefined) {
      this.#lookupMisses += 1;
      return undefined;
    }
    const { renderer } = address.shard;
    renderer.render(address.row, options);
    return renderer.bytes.subarray(renderer.start, renderer.end);
  }

  lookup(identifier: Identifier, options?: LookupOptions): Profile | undefined {
    const json = this.lookupJson(identifier, options);
    if (json === undefined) return undefined;
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8')) as Profile;
  }

  async traitHistory(
    identifier: Identifier,
    request: TraitHistoryRequest = {},
    signal?: AbortSignal,
  ): Promise<TraitHistory | undefined> {
    return this.#history.changes(identifier, request, signal);
  }

  query(request: QueryRequest, signal?: AbortSignal): Promise<QueryAnswer> {
    return this.#queries.query(request, signal);
  }

  queryJson(request: QueryRequest, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#queries.queryJson(request, signal);
  }

  /** One a shard: for whoever gathers answers of several processes. */
  get partServers(): readonly PartServer[] {
    return this.#queries.partServers;
  }

  async why(
    identifier: Identifier,
    where: Expression | string,
    options: WhyOptions = {},
  ): Promise<WhyAnswer | undefined> {
    return answerWhy(identifier, where, options, this.#why);
  }

  async saveSegment(key: string, request: SegmentRequest): Promise<SegmentSaved> {
    this.#assertOpen();
    return this.#segments.save(key, request);
  }

  segment(key: string): Segment | undefined {
    return this.#segments.get(key);
  }

  segments(): readonly Segment[] {
    return this.#segments.list();
  }

  async deleteSegment(key: string): Promise<void> {
    this.#assertOpen();
    this.#segments.delete(key);
  }

  schema(narrowing?: SchemaNarrowing, signal?: AbortSignal): Promise<Schema> {
    return readSchema(this.#parts.shards, new Slices(this.#parts.clock, signal), narrowing);
  }

  complete(request: CompletionRequest): Promise<CompletionAnswer> {
    return this.#completer.complete(request);
  }

  identityGraph(identifier: Identifier): IdentityGraph | undefined {
    return this.#identity.graph(identifier);
  }

  async mergeProfiles(request: MergeRequest): Promise<MergeAnswer> {
    this.#assertOpen();
    return this.#identity.merge(request);
  }

  async unmergeProfile(request: UnmergeRequest): Promise<UnmergeAnswer> {
    this.#assertOpen();
    return this.#identity.unmerge(request);
  }

  async enrich(request: EnrichmentRequest): Promise<EnrichmentAnswer> {
    this.#assertOpen();
    return this.#enrichment.enrich(request);
  }

  identitySettings(): IdentitySettings {
    return this.#identitySettings.settings;
  }

  async setIdentitySettings(
    json: unknown,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<IdentitySettingsAnswer> {
    this.#assertOpen();
    const slices = new Slices(this.#parts.clock, undefined);
    return this.#identitySettings.put(json, options.dryRun === true, slices);
  }

  get matching(): MatchingService {
    return this.#matching;
  }

  async *exportProfiles(options?: ExportOptions): AsyncIterable<Uint8Array> {
    for (const shard of this.#parts.shards) {
      for (let fromRow: number | null = 0; fromRow !== null; ) {
        const page = exportPage(shard, fromRow, options);
        yield* page.profiles;
        fromRow = page.nextRow;
        if (fromRow !== null) await this.#parts.clock.yieldTurn();
      }
    }
  }

  checkpoint(): Promise<CheckpointSummary> {
    // One at a time: who asks during one gets the next.
    const previous = this.#checkpointing;
    const run = (previous === undefined ? Promise.resolve() : previous.then(ignore, ignore)).then(() =>
      this.#checkpointAll(),
    );
    this.#checkpointing = run;
    const done = (): void => {
      if (this.#checkpointing === run) this.#checkpointing = undefined;
    };
    run.then(done, done);
    return run;
  }

  async #checkpointAll(): Promise<CheckpointSummary> {
    const { shards, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const seq: number[] = [];
    let sizeBytes = 0;
    for (const shard of shards) {
      if (shard.appliedSeq > 0) await shard.storage.log.durable(shard.appliedSeq);
      const result = await shard.checkpoint(
        () => clock.yieldTurn(),
        () => this.#allDurable(),
      );
      seq.push(result.seq);
      sizeBytes += result.sizeBytes;
    }
    return { seq, sizeBytes, tookMs: clock.monotonicMs() - startedMs };
  }

  /** When all that any shard has appended so far is on disk. */
  async #allDurable(): Promise<void> {
    const waiting = this.#parts.shards.filter(({ appliedSeq }) => appliedSeq > 0);
    const handedOver = this.#parts.handedOver?.();
    await Promise.all(waiting.map(({ storage, appliedSeq }) => storage.log.durable(appliedSeq)));
    await handedOver;
  }

  #checkpointInBackground(): void {
    const isChanged = this.#parts.shards.some((shard) => shard.appliedSeq > shard.checkpointSeq);
    if (!isChanged || this.#checkpointing !== undefined || this.#closing !== undefined) return;
    this.checkpoint().then(
      () => {
        this.#checkpointError = undefined;
      },
      (error: unknown) => {
        this.#checkpointError = error;
      },
    );
  }

  #checkpointWhenLong(): void {
    if (this.#parts.shards.some((shard) => shard.storage.log.sizeBytes > LOG_SIZE_FOR_CHECKPOINT_BYTES)) {
      this.#checkpointInBackground();
    }
  }

  stateHash(): string {
    return stateHashOf(this.#parts.shards);
  }

  stats(): EngineStats {
    const { shards, memoryLimitBytes } = this.#parts;
    const memoryBytes: Record<string, number> = { bitmaps: this.#queries.usedBytes, slabs: 0 };
    for (const shard of shards) {
      memoryBytes['slabs'] += shard.memory.reservedBytes;
      for (const [part, bytes] of Object.entries(shard.data.memoryBytes())) {
        memoryBytes[part] = (memoryBytes[part] ?? 0) + bytes;
      }
    }
    const counters = this.#ingest.counters;
    const droppedByReason = { ...counters.droppedByReason };
    if (this.#checkpointError !== undefined) droppedByReason['checkpoint_failed'] = 1;
    return {
      shardCount: shards.length,
      profiles: shards.reduce((sum, shard) => sum + shard.data.profileCount, 0),
      events: shards.reduce((sum, shard) => sum + shard.data.eventCount, 0),
      isReady: this.#closing === undefined,
      accepted: counters.accepted,
      duplicates: counters.duplicates,
      rejectedByCode: { ...counters.rejectedByCode },
      droppedByReason,
      standardisedByRule: { ...this.#ingest.standardiser.changedByRule },
      lookups: this.#lookups,
      lookupMisses: this.#lookupMisses,
      queries: this.#queries.queryCount,
      queryErrors: this.#queries.errorCount,
      memoryBytes,
      memoryLimitBytes,
      queuedItems: counters.queuedItems,
      shards: shards.map((shard) => ({
        appliedSeq: shard.appliedSeq,
        durableSeq: shard.storage.log.durableSeq,
        checkpointSeq: shard.checkpointSeq,
        profiles: shard.data.profileCount,
        events: shard.data.eventCount,
        logBytes: shard.storage.log.sizeBytes,
      })),
    };
  }

  /** A cluster of one process: every shard is in it. */
  cluster(): ClusterView {
    const { shards, pid } = this.#parts;
    const map = new SlotMap(shards.length);
    const state = this.#closing === undefined ? 'up' : 'stopping';
    return {
      mode: 'embedded',
      slots: SLOT_COUNT,
      epoch: 1,
      shards: shards.map((shard, index) => {
        const ranges = slotRanges(SLOT_COUNT, (slot) => map.shardOfSlot(slot) === index);
        return {
          index,
          pid,
          address: '',
          state,
          slotCount: ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0),
          slotRanges: ranges,
          restarts: 0,
          profiles: shard.data.profileCount,
          events: shard.data.eventCount,
          memoryBytes: shard.memory.usedBytes,
          appliedSeq: shard.appliedSeq,
          durableSeq: shard.storage.log.durableSeq,
        };
      }),
      routers: [],
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const stop of this.#timers) stop();
    await this.#matching.close();
    const { shards, pool, folder, clock } = this.#parts;
    // Batches under way end in later turns; what they append must be in the checkpoint.
    while (this.#ingest.counters.queuedItems > 0) await clock.yieldTurn();
    await this.#retention?.settled();
    try {
      const isChanged = shards.some((shard) => shard.appliedSeq > shard.checkpointSeq);
      if (isChanged) await this.checkpoint();
      else await this.#checkpointing;
    } finally {
      this.#queries.close();
      await pool.close();
      for (const shard of shards) await shard.storage.close();
      folder?.release();
    }
  }
}

interface CheckpointSummary {
  readonly seq: readonly number[];
  readonly sizeBytes: number;
  readonly tookMs: number;
}

function closingError(): EngineError {
  return new EngineError('shutting_down', 'the engine is closing', { retryAfterMs: 5_000 });
}

function ignore(): void {}
