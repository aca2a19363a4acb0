/**
 * The engine in one process: doors above, router and shards below, all on one thread; scans on workers. Each kind of call goes to the service
 * that knows it; what is here is how they are put together, and the order of closing.
 */
import type { CancelSignal } from '../base/cancel-source.ts';
import type { ItemScanner } from '../ingest/item-scanner.ts';
import type { Accounts } from '../model/account.ts';
import type { ClusterView } from '../model/cluster.ts';
import type { EnrichmentAnswer, EnrichmentRequest } from '../model/enrichment.ts';
import { EngineError } from '../model/error.ts';
import type { Expression } from '../model/expression.ts';
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
import { ACK_LEVELS, type IngestOptions, type IngestResult, isAckLevel } from '../model/ingest.ts';
import type { IngestLimits } from '../model/limits.ts';
import type { ExportOptions, Identifier, LookupOptions, Profile } from '../model/profile.ts';
import type { QueryAnswer, QueryRequest } from '../model/query.ts';
import type { CompletionAnswer, CompletionRequest, Schema, SchemaNarrowing } from '../model/schema.ts';
import type { Segment, SegmentRequest, SegmentSaved, WhyAnswer, WhyOptions } from '../model/segment.ts';
import type { Router } from '../router/router.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import { LINKAGE, WorkerPool } from '../runtime/worker-pool.ts';
import type { Shard } from '../shard/shard.ts';
import { AccountReader } from './account/account-reader.ts';
import type { PartServer } from './answer/part-server.ts';
import { answerWhy, type WhyParts } from './answer/why.ts';
import { type CheckpointSummary, Checkpoints } from './checkpoints.ts';
import { Completer } from './completion/completer.ts';
import { completionParts } from './completion/completion-part.ts';
import type { DataFolder } from './data-folder.ts';
import type { Engine, EngineStats, FrameOutcome } from './engine.ts';
import { EngineRoom } from './engine-room.ts';
import { clusterOfOne, engineStats } from './engine-stats.ts';
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

/** For each profile's events in order: of the memory limit one part in so many, so that 100 million events have room where there is room for them; and at least. */
const RUN_SHARE = 8;
const RUN_SIZE_BYTES_MIN = 256 * 1024 * 1024;

export class EmbeddedEngine implements Engine {
  readonly #parts: EmbeddedEngineParts;
  readonly #checkpoints: Checkpoints;
  readonly #room: EngineRoom;
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
  #closing: Promise<void> | undefined;

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
      roomBytes: () => parts.memoryLimitBytes - this.#room.usedBytes,
    };
    this.#matching = new MatchingService({ ...this.matchingParts, router, identity: this.#identity });
    const store = new SegmentStore(folder?.segments);
    this.segmentStore = store;
    const names = new NameCheck(parts.shards);
    this.#segments = new SegmentService(store, names, clock);
    this.#completer = new Completer(store, (ask) => completionParts(parts.shards, ask, new Slices(clock)));
    const reader = new QuestionReader(store, names);
    const assertKept = (atMs: number): void => this.#history.assertKept(atMs);
    const runSizeBytesMax = Math.max(RUN_SIZE_BYTES_MIN, parts.memoryLimitBytes / RUN_SHARE);
    this.#queries = new QueryService(parts.shards, parts.pool, clock, reader, assertKept, runSizeBytesMax);
    this.#why = { router, clock, reader, segments: store, accounts: this.#queries.accounts };
    this.accounts = new AccountReader({ accounts: this.#queries.accounts, router, clock });
    const { accounts } = this.#queries;
    this.profilePages = new ProfileReader({ router, segments: store, clock, accounts, assertKept });
    const { shards, historyRetentionMs: retentionMs = 0 } = parts;
    if (retentionMs > 0) {
      this.#retention = new HistoryRetention({ shards, clock, retentionMs, isOver: () => this.#closing !== undefined });
      this.#timers.push(this.#retention.start());
    }
    this.#room = new EngineRoom({
      shards,
      clock,
      folder,
      memoryLimitBytes: parts.memoryLimitBytes,
      queries: this.#queries,
    });
    this.#checkpoints = new Checkpoints({
      shards,
      clock,
      handedOver: parts.handedOver,
      isOver: () => this.#closing !== undefined,
    });
    this.#timers.push(this.#room.start());
    if (parts.checkpointIntervalMs > 0) this.#timers.push(this.#checkpoints.start(parts.checkpointIntervalMs));
  }

  /** For a shard process of a cluster, which brings its items another way. */
  get ingestPipeline(): IngestPipeline {
    return this.#ingest;
  }

  get queryService(): QueryService {
    return this.#queries;
  }

  async ingest(items: readonly unknown[], options?: IngestOptions): Promise<IngestResult> {
    if (!Array.isArray(items)) throw new EngineError('invalid_request', 'ingest takes a list of items');
    if (options?.ack !== undefined && !isAckLevel(options.ack)) {
      throw new EngineError('invalid_request', `ack must be one of ${ACK_LEVELS.join(', ')}`);
    }
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
    return this.#room.fault();
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
    if (typeof identifier?.type !== 'string' || typeof identifier.value !== 'string') {
      throw new EngineError(
        'invalid_request',
        'lookup takes { type, value }, such as { type: "user_id", value: "ada" }',
      );
    }
    const json = this.lookupJson(identifier, options);
    if (json === undefined) return undefined;
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8')) as Profile;
  }

  async traitHistory(
    identifier: Identifier,
    request: TraitHistoryRequest = {},
    signal?: CancelSignal,
  ): Promise<TraitHistory | undefined> {
    return this.#history.changes(identifier, request, signal);
  }

  query(request: QueryRequest, signal?: CancelSignal): Promise<QueryAnswer> {
    return this.#queries.query(request, signal);
  }

  queryJson(request: QueryRequest, signal?: CancelSignal): AsyncIterable<Uint8Array> {
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

  schema(narrowing?: SchemaNarrowing, signal?: CancelSignal): Promise<Schema> {
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
    return this.#checkpoints.checkpoint();
  }

  stateHash(): string {
    return stateHashOf(this.#parts.shards);
  }

  stats(): EngineStats {
    return engineStats({
      shards: this.#parts.shards,
      memoryLimitBytes: this.#parts.memoryLimitBytes,
      isReady: this.#closing === undefined,
      ingest: this.#ingest,
      queries: this.#queries,
      lookups: this.#lookups,
      lookupMisses: this.#lookupMisses,
      isCheckpointFailed: this.#checkpoints.hasFailed,
    });
  }

  /** A cluster of one process: every shard is in it. */
  cluster(): ClusterView {
    return clusterOfOne(this.#parts.shards, this.#parts.pid, this.#closing === undefined ? 'up' : 'stopping');
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
      if (this.#checkpoints.isDue) await this.#checkpoints.checkpoint();
      else await this.#checkpoints.settled();
    } finally {
      this.#queries.close();
      await pool.close();
      for (const shard of shards) await shard.storage.close();
      folder?.release();
    }
  }
}

function closingError(): EngineError {
  return new EngineError('shutting_down', 'the engine is closing', { retryAfterMs: 5_000 });
}
