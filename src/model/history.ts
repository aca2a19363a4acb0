/** What is told of a profile's past: every change of its traits, and where each value came from. */
import type { Value } from './value.ts';

/** The identify or alias call that a value came with. */
export interface TraitOrigin {
  /** What the call's context names as its source (`source`, `source.name`, `library.name`); null when it names none. */
  readonly source: string | null;
  readonly messageId: string;
  /** The call's time, ISO 8601. */
  readonly at: string;
}

/** A trait of a lookup with `verbose`. */
export interface TracedTrait extends TraitOrigin {
  readonly value: Value;
  /** A value made of those of several calls (`sum`, `union`): each of them, oldest first; the origin is then the newest's. */
  readonly madeOf?: readonly (TraitOrigin & { readonly value: Value })[] | undefined;
}

export interface TraitHistoryRequest {
  /** Trait paths; each names what is below it too. Absent = all. */
  readonly traits?: readonly string[] | undefined;
  /** Ms since the epoch, both included. */
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Changes in one answer; default 100. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** By time; default `asc`. */
  readonly order?: 'asc' | 'desc' | undefined;
  /** Tells also of calls that had the trait and left it as it was (`kept`). */
  readonly all?: boolean | undefined;
}

/** `kept`: the call repeated the value, or the trait's rule preferred another one. */
export type TraitChangeKind = 'set' | 'removed' | 'kept';

/** The origin is the call that brought the change about. */
export interface TraitChange extends TraitOrigin {
  readonly trait: string;
  readonly kind: TraitChangeKind;
  /** From then on; absent when removed. */
  readonly value?: Value | undefined;
  /** Until then; absent when there was none. */
  readonly previous?: Value | undefined;
}

export interface TraitHistory {
  readonly id: string;
  readonly changes: readonly TraitChange[];
  /** Where the next page begins; absent on the last. */
  readonly cursor?: string | undefined;
}
