/** What is refused because the shard that had it in hand died of it, as operators see it. */

export const QUARANTINED_KINDS = ['item', 'call'] as const;
export type QuarantinedKind = (typeof QUARANTINED_KINDS)[number];

/** No identifiers: the list may be shown to people who do not see profiles. */
export interface QuarantineEntry {
  /** Of its bytes; by this it is let go again. */
  readonly hash: string;
  /** ISO; of the death that settled it. */
  readonly at: string;
  /** The shard that died then. */
  readonly shard: number;
  readonly kind: QuarantinedKind;
  /** Type of the item (`track` …), or the call's name. */
  readonly what: string;
  readonly event?: string | undefined;
  readonly messageId?: string | undefined;
  readonly sizeBytes?: number | undefined;
  /** ISO; absent = until it is let go. */
  readonly until?: string | undefined;
}

/** The list and the way out of it; only where shards are processes of their own. */
export interface QuarantineDesk {
  /** The newest last. */
  list(): Promise<readonly QuarantineEntry[]>;
  /** Errors: not_found. */
  release(hash: string): Promise<void>;
}
