/** Saved segments, and why somebody is in one. */
import type { Expression, QueryWarning } from './query.ts';

/** `PUT /v1/segments/{key}`. A key is 1 to 64 of `a-z A-Z 0-9 . _ -`. `where` is kept as JSON whatever form it came in. */
export interface SegmentRequest {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly where: Expression | string;
}
export interface Segment {
  readonly key: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly where: Expression;
  /** The condition as text. */
  readonly text: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}
export interface SegmentSaved extends Segment {
  readonly warnings?: readonly QueryWarning[] | undefined;
}

/** One node of a condition, for one profile. Instants are ISO texts; null = never, if no event comes. */
export interface WhyNode {
  /** The condition as text. */
  readonly text: string;
  readonly isTrue: boolean;
  /** What a leaf saw: the trait's values, how many events, the aggregate's value, the events of a sequence. Absent on and, or, not. */
  readonly saw?: unknown;
  readonly changesAt: string | null;
  /** Of and, or, not, and of a nested segment. */
  readonly of?: readonly WhyNode[] | undefined;
}
export interface WhyAnswer {
  readonly id: string;
  readonly isMember: boolean;
  /** First later moment at which membership changes if no event comes; null = never. */
  readonly changesAt: string | null;
  readonly why: WhyNode;
  readonly at: string;
}
