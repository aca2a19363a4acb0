/**
 * The contract between the product and its doors (HTTP, WebSocket, CLI). The doors know nothing of shards; what is behind them knows nothing
 * of sockets. An engine in the same process answers at once; one whose shards are other processes answers later. So every method here
 * that reads may answer either with the value or with a promise of it, and a door must take both.
 */

import type { Awaitable, Deferrable } from '../base/awaitable.ts';
import type { CancelSignal } from '../base/cancel-source.ts';
import type { Accounts } from '../model/account.ts';
import type { ClusterView } from '../model/cluster.ts';
import type { EnrichmentAnswer, EnrichmentRequest } from '../model/enrichment.ts';
import type { EngineError } from '../model/error.ts';
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
import type { Matching } from '../model/matching.ts';
import type { ExportOptions, Identifier, LookupOptions } from '../model/profile.ts';
import type { ProfilePages } from '../model/profile-page.ts';
import type { QuarantineDesk } from '../model/quarantine.ts';
import type { QueryAnswer, QueryRequest } from '../model/query.ts';
import type { CompletionAnswer, CompletionRequest, Schema, SchemaNarrowing } from '../model/schema.ts';
import type { Segment, SegmentRequest, SegmentSaved, WhyAnswer, WhyOptions } from '../model/segment.ts';

/** A msgpack WebSocket frame, after the engine read it. */
export type FrameOutcome =
  /** It was an ingest frame (`op` one of track, identify, page, screen, group, alias, batch, import). */
  | {
      readonly kind: 'ingest';
      readonly ref: unknown;
      readonly result: Promise<IngestResult>;
      readonly itemCount: number;
    }
  /** Any other op: the decoded object, for the door to handle (`get`, `query`, `auth`, `ping` …). */
  | { readonly kind: 'message'; readonly message: Readonly<Record<string, unknown>> };

/** Who waits for one lookup without a promise: one of the two is called, once, maybe before the call has returned. */
export interface LookupTaker {
  /** The bytes are good until the end of the turn. */
  resolve(json: Uint8Array | undefined): void;
  reject(error: unknown): void;
}

export interface Gateway {
  /** Of the map that a cluster's gateway goes by: clients with an older one fetch it anew. */
  readonly epoch?: number | undefined;

  /** JSON objects in (HTTP bodies, WebSocket text frames, library). Never throws for a bad item; throws `EngineError`
   * only for the batch as a whole (overloaded, memory_limit, shutting_down, payload_too_large). */
  ingest(items: readonly unknown[], options?: IngestOptions): Promise<IngestResult>;
  /** A binary frame. Reads `op`, `batch`, `ref`, `ack`, `sentAt`, without making objects of the events. The bytes may
   * be reused by the caller after the call returns. Throws `EngineError` malformed_msgpack and the batch-level codes. */
  ingestFrame(frame: Uint8Array, options?: IngestOptions): FrameOutcome;
  /** Set when ingest must be refused for now (retryable): the error to answer with. */
  ingestPressure(): EngineError | undefined;

  /** The profile as UTF-8 JSON, or undefined. The bytes are valid until the next call into the engine, and those of a promise until the
   * end of the turn in which it was kept: copy or send at once. */
  lookupJson(identifier: Identifier, options?: LookupOptions): Awaitable<Uint8Array | undefined>;
  /** The same for who asks very often; present where no lookup is answered at once. Never throws. */
  lookUpFor?(taker: LookupTaker, identifier: Identifier, options?: LookupOptions): void;
  /** Many lookups at once, in the order asked; present where that is quicker than asking one by one. All bytes are valid until the end of the
   * turn in which the promise was kept. */
  lookupMany?(
    identifiers: readonly Identifier[],
    options?: LookupOptions,
  ): Promise<readonly (Uint8Array | undefined)[]>;
  /** Every change of a profile's traits; undefined when nobody has the identifier. Errors: invalid_request, invalid_cursor, query_cancelled. */
  traitHistory(
    identifier: Identifier,
    request?: TraitHistoryRequest,
    signal?: CancelSignal,
  ): Promise<TraitHistory | undefined>;
  /** One profile in parts, a page at a time. */
  readonly profilePages: Deferrable<ProfilePages>;

  query(request: QueryRequest, signal?: CancelSignal): Promise<QueryAnswer>;
  /** The same as JSON bytes, in pieces made as they are asked for, so that a long list of ids is never one text. The first comes when the
   * question is answered; each is good until the next is asked for. */
  queryJson(request: QueryRequest, signal?: CancelSignal): AsyncIterable<Uint8Array>;

  /** Accounts as group calls make them, and who is in them. */
  readonly accounts: Accounts;

  /** Why somebody fits a condition or does not, and until when; undefined when nobody has the identifier. Errors: as of a query's condition. */
  why(identifier: Identifier, where: Expression | string, options?: WhyOptions): Promise<WhyAnswer | undefined>;

  /** Saved segments, for conditions to name: `{"segment": key}`. Errors: invalid_segment, unknown_segment, segment_cycle,
   * query_too_large, those of the condition, and storage_failed. On disk when it resolves. */
  saveSegment(key: string, request: SegmentRequest): Promise<SegmentSaved>;
  segment(key: string): Awaitable<Segment | undefined>;
  /** In the order of their keys. */
  segments(): Awaitable<readonly Segment[]>;
  /** Errors: segment_not_found, segment_in_use, storage_failed. */
  deleteSegment(key: string): Promise<void>;

  /** Everything that was ever sent, read from the data in slices. Errors: query_cancelled. */
  schema(narrowing?: SchemaNarrowing, signal?: CancelSignal): Promise<Schema>;
  /** What may be typed next in a query text. */
  complete(request: CompletionRequest): Promise<CompletionAnswer>;

  /** What holds the profile together and what happened to its identity; undefined when nobody has the identifier. */
  identityGraph(identifier: Identifier): Awaitable<IdentityGraph | undefined>;
  /** Makes one profile of two. On disk when it resolves. Errors: profile_not_found, merge_refused. */
  mergeProfiles(request: MergeRequest): Promise<MergeAnswer>;
  /** Undoes a link between identifiers of a profile, or separates some of them from the rest. On disk when it resolves. Errors:
   * profile_not_found, merge_not_found, invalid_request. */
  unmergeProfile(request: UnmergeRequest): Promise<UnmergeAnswer>;
  /** Joins what others know to the profiles that there are. On disk when it resolves. Errors: invalid_request, and those of `ingest`. */
  enrich(request: EnrichmentRequest): Promise<EnrichmentAnswer>;
  /** The rules of identity in force, every default filled in. */
  identitySettings(): Awaitable<IdentitySettings>;
  /** Puts other rules in force, or with `dryRun` only says what that would mean. Errors: invalid_identity_settings, storage_failed. */
  setIdentitySettings(json: unknown, options?: { readonly dryRun?: boolean }): Promise<IdentitySettingsAnswer>;

  /** Finding probable duplicates, and deciding about them. */
  readonly matching: Deferrable<Matching>;

  /** All profiles as JSON texts, each with all its events when asked; a consistent order, not a consistent instant. */
  exportProfiles(options?: ExportOptions): AsyncIterable<Uint8Array>;

  checkpoint(): Promise<{ readonly seq: readonly number[]; readonly sizeBytes: number; readonly tookMs: number }>;
  /** Hash of the whole logical state: equal for equal content whatever the shard count, history of restarts or physical layout. O(everything). */
  stateHash(): Awaitable<string>;
  /** Never fails because a part cannot be asked: what is known of it then is told, and `isReady` says whether all is there. */
  stats(): Awaitable<EngineStats>;
  /** Processes and who of them holds which slots. */
  cluster(): Awaitable<ClusterView>;
  /** What shards died of and are not sent any more; absent where there are no shard processes. */
  readonly quarantine?: QuarantineDesk | undefined;
  /** Begins to spread the data over this number of shards, live; how far it is `cluster()` tells. Absent where there are no shard processes.
   * Errors: invalid_request, shard_unavailable, storage_failed. */
  rebalance?(shards: number): Promise<ClusterView>;
}

export interface EngineStats {
  readonly shardCount: number;
  readonly profiles: number;
  readonly events: number;
  readonly isReady: boolean;
  /** Counters since start. */
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejectedByCode: Readonly<Record<string, number>>;
  /** Other things not done that a person should see, e.g. `identifier_taken`, by reason. */
  readonly droppedByReason: Readonly<Record<string, number>>;
  /** Trait values that were changed on their way in, by rule of `standardise`. */
  readonly standardisedByRule: Readonly<Record<string, number>>;
  readonly lookups: number;
  readonly lookupMisses: number;
  readonly queries: number;
  readonly queryErrors: number;
  /** Bytes by part: profiles, events, dictionaries, identifiers, bitmaps, dedup, cache, slabs (total reserved). */
  readonly memoryBytes: Readonly<Record<string, number>>;
  readonly memoryLimitBytes: number;
  readonly shards: readonly {
    readonly appliedSeq: number;
    readonly durableSeq: number;
    readonly checkpointSeq: number;
    readonly profiles: number;
    readonly events: number;
    readonly logBytes: number;
  }[];
  /** Items accepted by the door and not yet applied. */
  readonly queuedItems: number;
}
