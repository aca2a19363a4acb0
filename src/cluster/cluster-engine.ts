/**
 * The engine as a router process has it: the contract of the doors over calls to shards. Holds no data but copies of small lists, which hear of
 * each change before whoever made it is answered.
 */

import type { Awaitable } from '../base/awaitable.ts';
import type { CancelSignal } from '../base/cancel-source.ts';
import { Completer } from '../engine/completion/completer.ts';
import type { CompletionPart } from '../engine/completion/completion-part.ts';
import type { ExportPage } from '../engine/export-page.ts';
import type { EngineStats, FrameOutcome, Gateway } from '../engine/gateway.ts';
import type { SchemaOutline, SchemaPart } from '../engine/schema/schema-part.ts';
import { Slices } from '../engine/schema/slices.ts';
import type { SegmentList, VersionedChange } from '../engine/segment-owner.ts';
import { SegmentReplica } from '../engine/segment-replica.ts';
import { mergeStateHash, type StateHashPart } from '../engine/state-hash.ts';
import type { Network } from '../link/dial.ts';
import { type ClusterView, slotRanges } from '../model/cluster.ts';
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
import type { IngestOptions, IngestResult } from '../model/ingest.ts';
import { DEFAULT_INGEST_LIMITS, type IngestLimits, SLOT_COUNT } from '../model/limits.ts';
import type { ExportOptions, Identifier, LookupOptions, Profile } from '../model/profile.ts';
import type { QuarantineDesk } from '../model/quarantine.ts';
import type { QueryAnswer, QueryRequest } from '../model/query.ts';
import type { CompletionAnswer, CompletionRequest, Schema, SchemaNarrowing } from '../model/schema.ts';
import type { Segment, SegmentRequest, SegmentSaved, WhyAnswer, WhyOptions } from '../model/segment.ts';
import { SlotMap } from '../router/slot-map.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { ClusterMap } from './cluster-map.ts';
import { ClusterAccounts } from './gateway/cluster-accounts.ts';
import { ClusterIdentity } from './gateway/cluster-identity.ts';
import { ClusterIngest } from './gateway/cluster-ingest.ts';
import { ClusterPages } from './gateway/cluster-pages.ts';
import { ClusterQueries } from './gateway/cluster-queries.ts';
import { LookupAsker } from './gateway/lookup-asker.ts';
import { PersonAsker } from './gateway/person-asker.ts';
import { QuarantineGuard } from './gateway/quarantine-guard.ts';
import { questionPorts } from './gateway/question-ports.ts';
import { RoutedMatching } from './gateway/routed-matching.ts';
import { type LocalShard, ShardCaller } from './gateway/shard-caller.ts';
import { gatherExport } from './gather/export.ts';
import { GatheredNameCheck } from './gather/name-check.ts';
import { GatheredQuestionReader } from './gather/question-reader.ts';
import { gatherSchema } from './gather/schema.ts';
import { GatheredSegments } from './gather/segments.ts';
import { mergeStats } from './gather/stats.ts';
import type { CourtAccess, QuarantineNews } from './quarantine.ts';
import type { QuestionPort } from './question/question-port.ts';
import { ShardLinks } from './shard-links.ts';

const TIMEOUT_MS = 30_000;
/** Of a shard that is asked how it is. */
const STATS_TIMEOUT_MS = 2_000;
const REFRESH_PAUSE_MS = 100;
const REACHED_WITHIN_MS = 5_000;

export interface ClusterEngineOptions {
  readonly map: ClusterMap;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly limits?: Partial<IngestLimits> | undefined;
  /** The shard of this very process, when it has one. */
  readonly local?: LocalShard | undefined;
  /** What the supervisor knows; absent: what can be told from the map. */
  readonly clusterView?: (() => Promise<ClusterView> | ClusterView) | undefined;
  /** Who judges what shards die of; absent: nobody, and all is sent. */
  readonly court?: CourtAccess | undefined;
  /** For operators, where there is a court. */
  readonly quarantine?: QuarantineDesk | undefined;
  /** Asks the supervisor; absent: this process has none. */
  readonly rebalance?: ((shards: number) => Promise<ClusterView>) | undefined;
}

export class ClusterEngine implements Gateway {
  readonly accounts: ClusterAccounts;
  readonly matching: RoutedMatching;
  readonly profilePages: ClusterPages;
  /** Both are absent where most are here: those are answered one by one without a call. */
  readonly lookupMany: Gateway['lookupMany'];
  readonly lookUpFor: Gateway['lookUpFor'];
  readonly quarantine: QuarantineDesk | undefined;
  readonly #options: ClusterEngineOptions;
  readonly #slots: SlotMap;
  readonly #links: ShardLinks;
  readonly #caller: ShardCaller;
  readonly #guard: QuarantineGuard | undefined;
  readonly #ingest: ClusterIngest;
  readonly #lookups: LookupAsker;
  readonly #persons: PersonAsker;
  readonly #identity: ClusterIdentity;
  readonly #queries: ClusterQueries;
  readonly #reader: GatheredQuestionReader;
  readonly #segments: GatheredSegments;
  readonly #completer: Completer;
  #map: ClusterMap;
  #ports: readonly QuestionPort[] = [];
  #isClosed = false;
  #isFresh = false;

  constructor(options: ClusterEngineOptions) {
    this.#options = options;
    this.#map = options.map;
    const { network, clock, random, map, local } = options;
    this.#slots = new SlotMap(map.shards.length, map.slotOwners);
    const replica = new SegmentReplica();
    this.#links = new ShardLinks({
      network,
      clock,
      random,
      own: local?.index,
      handlers: {
        segments_changed: (args) => {
          const { version, segments } = args as SegmentList;
          replica.use(version, segments);
          return null;
        },
      },
    });
    this.quarantine = options.quarantine;
    const { court } = options;
    const isStopping = (shard: number): boolean => this.#isClosed || this.#map.shards[shard]?.state === 'stopping';
    this.#guard = court === undefined ? undefined : new QuarantineGuard({ court, clock, isStopping });
    const guard = this.#guard;
    this.#links.onUp((shard) => guard?.cameUp(shard));
    this.#caller = new ShardCaller(this.#links, local, clock, guard);
    const caller = this.#caller;
    const shardCount = (): number => this.#map.shards.length;
    const limits = { ...DEFAULT_INGEST_LIMITS, ...options.limits };
    this.#ingest = new ClusterIngest({ caller, slots: this.#slots, limits, clock, random, shardCount, guard });
    this.#lookups = new LookupAsker(caller, this.#slots, clock);
    this.#persons = new PersonAsker(caller, this.#slots, clock);
    this.matching = new RoutedMatching(caller);
    this.#identity = new ClusterIdentity({ caller, persons: this.#persons, shardCount });
    const names = new GatheredNameCheck({
      unknown: (asked) => this.#askAll('names_unknown', asked),
      nearest: (asked) => this.#askAll('names_nearest', asked),
    });
    this.#segments = new GatheredSegments(
      {
        save: (key, request) =>
          caller.call<VersionedChange>(0, 'segment_save', { key, request }, { timeoutMs: TIMEOUT_MS }),
        delete: (key) => caller.call<VersionedChange>(0, 'segment_delete', { key }, { timeoutMs: TIMEOUT_MS }),
        list: () => caller.call<SegmentList>(0, 'segment_list', null, { timeoutMs: TIMEOUT_MS }),
      },
      replica,
      names,
    );
    this.#reader = new GatheredQuestionReader(replica, names);
    const slotCountOf = (shard: number): number => this.#map.slotOwners.filter((owner) => owner === shard).length;
    this.accounts = new ClusterAccounts({ caller, persons: this.#persons, clock, ports: () => this.questionPorts() });
    this.#queries = new ClusterQueries({ accounts: this.accounts, reader: this.#reader, clock, slotCountOf });
    this.#completer = new Completer(replica, async (ask) => {
      return (await this.#askAll<readonly CompletionPart[]>('completion', ask)).flat();
    });
    if (local === undefined) {
      this.lookupMany = (identifiers, lookup) => this.#lookups.lookupMany(identifiers, lookup);
      this.lookUpFor = (taker, identifier, lookup) => this.#lookups.lookUpFor(taker, identifier, lookup);
    }
    this.profilePages = new ClusterPages(this.#persons);
    // What was changed while the link was down was not told.
    this.#links.onUp((shard) => {
      if (shard === 0) void this.#refresh();
    });
    this.#links.use(map);
    if (local?.index === 0) this.#isFresh = true;
  }

  async #refresh(): Promise<void> {
    try {
      await this.#segments.refresh();
      this.#isFresh = true;
    } catch {
      if (this.#isClosed) return;
      this.#options.clock.after(REFRESH_PAUSE_MS, () => void this.#refresh());
    }
  }

  useMap(map: ClusterMap): void {
    if (map.epoch < this.#map.epoch) return;
    this.#map = map;
    this.#slots.use(map);
    this.#links.use(map);
  }

  /** For the shard that looks for duplicates: how it reaches the others. */
  get reach(): { readonly caller: ShardCaller; readonly identity: ClusterIdentity; readonly shardCount: () => number } {
    return { caller: this.#caller, identity: this.#identity, shardCount: () => this.#map.shards.length };
  }

  useQuarantine(news: QuarantineNews): void {
    this.#guard?.use(news);
  }

  /** When every shard has been reached, or some seconds later. */
  async whenUp(): Promise<void> {
    const { clock, local } = this.#options;
    const others = this.#map.shards.filter(({ index }) => index !== local?.index);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(REACHED_WITHIN_MS, resolve);
      void Promise.allSettled(others.map(({ index }) => this.#links.whenUp(index))).then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** One a shard, for who gathers answers. */
  questionPorts(): readonly QuestionPort[] {
    const { length } = this.#map.shards;
    if (this.#ports.length !== length) this.#ports = questionPorts(this.#caller, length);
    return this.#ports;
  }

  /** A call to any shard. Errors: as of `ShardCaller.call`. */
  askShard<T>(shard: number, method: string, args: unknown): Promise<T> {
    return this.#caller.call<T>(shard, method, args, { timeoutMs: TIMEOUT_MS });
  }

  get epoch(): number {
    return this.#map.epoch;
  }

  /** Every shard's answer, in their order. */
  #askAll<T>(method: string, args: unknown, signal?: CancelSignal): Promise<T[]> {
    const shards = this.#map.shards.map(({ index }) => index);
    return Promise.all(
      shards.map((shard) => this.#caller.call<T>(shard, method, args, { signal, timeoutMs: TIMEOUT_MS })),
    );
  }

  /** Saved segments are known here from the first answer of their owner on. */
  async #whenFresh(): Promise<void> {
    if (this.#isFresh) return;
    await this.#segments.refresh();
    this.#isFresh = true;
  }

  ingest(items: readonly unknown[], options?: IngestOptions): Promise<IngestResult> {
    return this.#ingest.ingest(items, options);
  }

  ingestFrame(frame: Uint8Array, options?: IngestOptions): FrameOutcome {
    return this.#ingest.ingestFrame(frame, options);
  }

  ingestPressure(): EngineError | undefined {
    return this.#ingest.pressure();
  }

  /** At once where the profile is in this process. */
  lookupJson(identifier: Identifier, options?: LookupOptions): Awaitable<Uint8Array | undefined> {
    const here = this.#caller.lookUpHere(identifier, options);
    if (here === undefined) return this.#lookups.lookup(identifier, options);
    this.#lookups.lookups += 1;
    return here;
  }

  async lookup(identifier: Identifier, options?: LookupOptions): Promise<Profile | undefined> {
    const json = await this.lookupJson(identifier, options);
    if (json === undefined) return undefined;
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8')) as Profile;
  }

  traitHistory(
    identifier: Identifier,
    request: TraitHistoryRequest = {},
    signal?: CancelSignal,
  ): Promise<TraitHistory | undefined> {
    return this.#persons.ask(identifier, 'history', [request], { signal }) as Promise<TraitHistory | undefined>;
  }

  async query(request: QueryRequest, signal?: CancelSignal): Promise<QueryAnswer> {
    await this.#whenFresh();
    return this.#queries.query(request, signal);
  }

  async *queryJson(request: QueryRequest, signal?: CancelSignal): AsyncGenerator<Uint8Array, void, void> {
    await this.#whenFresh();
    yield* this.#queries.queryJson(request, signal);
  }

  async why(
    identifier: Identifier,
    where: Expression | string,
    options: WhyOptions = {},
  ): Promise<WhyAnswer | undefined> {
    await this.#whenFresh();
    // What one shard does not know may be known by another: names are looked at here.
    const { warnings } = await this.#reader.read({ where, strict: options.strict });
    const answer = (await this.#persons.ask(identifier, 'why', [where, { ...options, strict: false }])) as
      | WhyAnswer
      | undefined;
    if (answer === undefined) return undefined;
    const { warnings: _, ...rest } = answer;
    return warnings.length === 0 ? rest : { ...rest, warnings };
  }

  async saveSegment(key: string, request: SegmentRequest): Promise<SegmentSaved> {
    return this.#segments.save(key, request);
  }

  async segment(key: string): Promise<Segment | undefined> {
    await this.#whenFresh();
    return this.#segments.get(key);
  }

  async segments(): Promise<readonly Segment[]> {
    await this.#whenFresh();
    return this.#segments.list();
  }

  deleteSegment(key: string): Promise<void> {
    return this.#segments.delete(key);
  }

  schema(narrowing?: SchemaNarrowing, signal?: CancelSignal): Promise<Schema> {
    const shards = {
      count: this.#map.shards.length,
      outlines: () => this.#askAll<SchemaOutline>('schema_outline', null, signal),
      part: (shard: number, asked: SchemaNarrowing, page: object) =>
        this.#caller.call<SchemaPart>(
          shard,
          'schema_part',
          { narrowing: asked, page },
          { signal, timeoutMs: TIMEOUT_MS },
        ),
    };
    return gatherSchema(shards, new Slices(this.#options.clock, signal), narrowing);
  }

  async complete(request: CompletionRequest): Promise<CompletionAnswer> {
    await this.#whenFresh();
    return this.#completer.complete(request);
  }

  identityGraph(identifier: Identifier): Promise<IdentityGraph | undefined> {
    return this.#identity.graph(identifier);
  }

  mergeProfiles(request: MergeRequest): Promise<MergeAnswer> {
    return this.#identity.merge(request);
  }

  unmergeProfile(request: UnmergeRequest): Promise<UnmergeAnswer> {
    return this.#identity.unmerge(request);
  }

  enrich(request: EnrichmentRequest): Promise<EnrichmentAnswer> {
    return this.#identity.enrich(request);
  }

  identitySettings(): Promise<IdentitySettings> {
    return this.#identity.settings();
  }

  setIdentitySettings(json: unknown, options: { readonly dryRun?: boolean } = {}): Promise<IdentitySettingsAnswer> {
    return this.#identity.put(json, options.dryRun === true);
  }

  exportProfiles(options: ExportOptions = {}): AsyncIterable<Uint8Array> {
    return gatherExport(this.#map.shards.length, (shard, fromRow) =>
      this.#caller.call<ExportPage>(shard, 'export_page', { fromRow, options }, { timeoutMs: TIMEOUT_MS }),
    );
  }

  async checkpoint(): Promise<{
    readonly seq: readonly number[];
    readonly sizeBytes: number;
    readonly tookMs: number;
  }> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const shards = this.#map.shards.map(({ index }) => index);
    // As long as it takes: a large shard has much to write.
    const done = await Promise.all(
      shards.map((shard) =>
        this.#caller.call<{ seq: readonly number[]; sizeBytes: number }>(shard, 'checkpoint', null),
      ),
    );
    return {
      seq: done.flatMap(({ seq }) => seq),
      sizeBytes: done.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      tookMs: clock.monotonicMs() - startedMs,
    };
  }

  async stateHash(): Promise<string> {
    return mergeStateHash(await this.#askAll<StateHashPart>('state_hash', null));
  }

  /** Questions that came to this process; asks nobody. */
  get questionCount(): number {
    return this.#queries.queryCount;
  }

  async stats(): Promise<EngineStats> {
    const known = await Promise.all(
      this.#map.shards.map(({ index }) =>
        this.#caller
          .call<EngineStats>(index, 'stats', null, { timeoutMs: STATS_TIMEOUT_MS })
          .catch((): EngineStats | undefined => undefined),
      ),
    );
    const parts = known.filter((part): part is EngineStats => part !== undefined);
    const { lookups, misses } = this.#lookups;
    const { queryCount, errorCount } = this.#queries;
    const counts = { lookups, lookupMisses: misses, queries: queryCount, queryErrors: errorCount };
    const stats = mergeStats(parts, counts);
    const isReady = stats.isReady && parts.length === this.#map.shards.length;
    return { ...stats, shardCount: this.#map.shards.length, isReady };
  }

  async cluster(): Promise<ClusterView> {
    const { clusterView } = this.#options;
    if (clusterView !== undefined) return clusterView();
    const { epoch, shards, slotOwners } = this.#map;
    return {
      mode: 'cluster',
      slots: SLOT_COUNT,
      epoch,
      shards: shards.map(({ index, pid, door, state, restarts }) => ({
        index,
        pid,
        address: door,
        state,
        slotCount: slotOwners.filter((owner) => owner === index).length,
        slotRanges: slotRanges(SLOT_COUNT, (slot) => slotOwners[slot] === index),
        restarts,
      })),
      routers: [],
    };
  }

  /** Errors: invalid_request, shard_unavailable, storage_failed. */
  async rebalance(shards: number): Promise<ClusterView> {
    const { rebalance } = this.#options;
    if (rebalance !== undefined) return rebalance(shards);
    throw new EngineError('invalid_request', "ask a router of the cluster, not a shard's own door");
  }

  /** Calls under way end as they may; the shards are not the router's to close. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ingest.isClosed = true;
    this.#links.close();
  }
}

/** Resolves when every shard was reached, or after a while without those that were not: asking them says so. */
export async function openClusterEngine(options: ClusterEngineOptions): Promise<ClusterEngine> {
  const engine = new ClusterEngine(options);
  await engine.whenUp();
  return engine;
}
