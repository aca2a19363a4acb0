/** Saved segments, and why somebody is in one. */
import type { Expression } from './expression.ts';
import type { QueryWarning } from './query.ts';

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

/** Questions about one profile. */
export interface WhyOptions {
  /** A name that nobody ever sent is refused. */
  readonly strict?: boolean | undefined;
}
type WhyValue = string | number | boolean;
/** What a leaf saw. `against`: values of the field on the right-hand side, where one stands there. */
export type WhySaw =
  /** All scalars that the trait reaches. */
  | { readonly values: readonly WhyValue[]; readonly against?: readonly WhyValue[] | undefined }
  /** Events that count. */
  | { readonly count: number }
  /** Of an aggregate; null = missing. */
  | { readonly value: WhyValue | null; readonly against?: readonly WhyValue[] | undefined }
  /** The longest beginning of the sequence that holds, and the times of one assignment of it. */
  | { readonly steps: number; readonly times: readonly string[] }
  /** The profile's place in the split, 0 ≤ x < 1. */
  | { readonly bucket: number };

/** One node of a condition, for one profile. Instants are ISO texts; null = never, if no event comes (or not found: see `query/evaluation/why.ts`). */
export interface WhyNode {
  /** The condition as text. */
  readonly text: string;
  readonly isTrue: boolean;
  /** Of a leaf; absent on and, or, not and segments. */
  readonly saw?: WhySaw | undefined;
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
  readonly warnings?: readonly QueryWarning[] | undefined;
}
