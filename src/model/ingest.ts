/** What a caller says of a batch and what is answered: the vocabulary of acknowledgements, shared by all doors. */
import type { ErrorCode } from './error.ts';

/** `durable` = on disk and synced (default); `applied` = visible in memory; `received` = taken over for processing. */
export const ACK_LEVELS = ['received', 'applied', 'durable'] as const;
export type AckLevel = (typeof ACK_LEVELS)[number];

export function isAckLevel(value: unknown): value is AckLevel {
  return ACK_LEVELS.some((level) => level === value);
}

export interface RejectedItem {
  /** Position in the batch, from 0. */
  readonly index: number;
  readonly messageId?: string | undefined;
  readonly code: ErrorCode;
  readonly message: string;
  /** Nothing is wrong with the item: send it again, with the same messageId. */
  readonly retryable?: true | undefined;
}

/** What became of a batch. `accepted` includes `duplicates` (seen before inside the window, so already stored). */
export interface IngestResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly RejectedItem[];
  /** Applied `seq` per shard after the batch. */
  readonly seq: readonly number[];
}

export interface IngestOptions {
  readonly ack?: AckLevel | undefined;
  /** Client's clock at sending, ms since epoch or ISO text; corrects timestamps: stored = received − (sentAt − timestamp). */
  readonly sentAt?: unknown;
  /** Type for items that carry none (`/v1/track` and friends). */
  readonly type?: string | undefined;
  /** `/v1/import`: timestamps are taken as they stand. */
  readonly isImport?: boolean | undefined;
  /** Outer `context` of a batch, merged under each item's own. */
  readonly context?: unknown;
}
