/** What is told of a profile's identity: how it came to be one, and what was refused. */

/** `limit`: it would have broken its type's limit; `cut`: the link was cut before; `full`: the profile has too many identifiers. */
export type RefusalReason = 'limit' | 'cut' | 'full';
/** `event`: identifiers in one call; `alias`: an alias call; `request`: a person's word; `linkage`: a probable match. */
export type LinkReason = 'event' | 'alias' | 'request' | 'linkage';

export interface JournalEntry {
  readonly id: string;
  /** Ms since the epoch. */
  readonly at: number;
  readonly kind: 'merge' | 'refusal' | 'cut';
  readonly reason: LinkReason | RefusalReason;
  /** The two ends of the link, as `type:value`. */
  readonly from: string;
  readonly to: string;
  /** merge: names of the two profiles before; the first is the one whose name stays. */
  readonly into?: string | undefined;
  readonly merged?: string | undefined;
  /** The event that brought it about. */
  readonly messageId?: string | undefined;
}
