/** Bounds on what one caller can make the process hold. Each has the reason beside it; `EngineSettings` may lower or raise them. */
export interface IngestLimits {
  /** One event, encoded. Segment's limit is 32 KB; products[] of a large cart needs more. */
  readonly eventSizeBytes: number;
  /** One request body or WebSocket frame after decompression. */
  readonly bodySizeBytes: number;
  /** Items in one batch. */
  readonly batchCount: number;
  /** Nesting of objects and arrays inside one event: bounds the recursion of every walker. */
  readonly depth: number;
  /** Leaves of one event (properties, traits and context together). */
  readonly propertyCount: number;
  /** UTF-8 bytes of one property, trait or event name (one path segment). */
  readonly nameSizeBytes: number;
  /** UTF-8 bytes of one identifier or messageId. */
  readonly idSizeBytes: number;
  /** Distinct names (property paths and event names) that the process will learn: past it new names are refused. */
  readonly distinctNameCount: number;
}

export const DEFAULT_INGEST_LIMITS: IngestLimits = {
  eventSizeBytes: 64 * 1024,
  bodySizeBytes: 4 * 1024 * 1024,
  batchCount: 5_000,
  depth: 16,
  propertyCount: 1_000,
  nameSizeBytes: 512,
  idSizeBytes: 512,
  distinctNameCount: 200_000,
};

/** For what was accepted once: replays, moves and rehearsals refuse nothing. */
export const NO_INGEST_LIMITS: IngestLimits = {
  eventSizeBytes: Number.POSITIVE_INFINITY,
  bodySizeBytes: Number.POSITIVE_INFINITY,
  batchCount: Number.POSITIVE_INFINITY,
  depth: Number.POSITIVE_INFINITY,
  propertyCount: Number.POSITIVE_INFINITY,
  nameSizeBytes: Number.POSITIVE_INFINITY,
  idSizeBytes: Number.POSITIVE_INFINITY,
  distinctNameCount: Number.POSITIVE_INFINITY,
};

export interface QueryLimits {
  readonly textLength: number;
  readonly depth: number;
  readonly nodeCount: number;
  /** Conditions on events, steps of sequences and funnels, and the predicates of both: each costs a millisecond to bind and capture, which is done in one turn. */
  readonly eventNodeCount: number;
  readonly listLength: number;
  readonly patternLength: number;
  readonly pageLimit: number;
}

export const DEFAULT_QUERY_LIMITS: QueryLimits = {
  textLength: 64 * 1024,
  depth: 64,
  nodeCount: 10_000,
  eventNodeCount: 1_000,
  listLength: 10_000,
  patternLength: 1_000,
  pageLimit: 1_000_000,
};

/** Slots of the key space: the unit that moves between shards. A power of two, so that `hash & (SLOT_COUNT - 1)`. */
export const SLOT_COUNT = 1_024;
