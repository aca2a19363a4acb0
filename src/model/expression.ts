/**
 * The segment query language as data: the JSON form callers send is exactly this AST (the leaf's first key tells its
 * kind), and the text form prints to and parses from it one to one.
 */
export type Scalar = string | number | boolean | null;
/** A right-hand side that names another field of the same profile or event. */
export type FieldReference = { readonly trait: string } | { readonly property: string };
export type Operand = Scalar | readonly Scalar[] | FieldReference;

export const OPERATORS = [
  'eq',
  'neq',
  'in',
  'not_in',
  'lt',
  'lte',
  'gt',
  'gte',
  'between',
  'exists',
  'not_exists',
  'contains',
  'not_contains',
  'starts_with',
  'ends_with',
  'matches',
  'before',
  'after',
  'within_last',
  'within_next',
  'older_than',
] as const;
export type Operator = (typeof OPERATORS)[number];

export const COUNT_OPERATORS = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between'] as const;
export type CountOperator = (typeof COUNT_OPERATORS)[number];

export const AGGREGATE_FUNCTIONS = ['sum', 'avg', 'min', 'max', 'count_distinct', 'first', 'last'] as const;
export type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

/** `value`: absent for exists / not_exists; a list for in / not_in; a pair for between; a duration ("7d") for within_* and older_than. */
export interface TraitLeaf {
  readonly trait: string;
  readonly op: Operator;
  readonly value?: Operand | undefined;
}
export interface PropertyPredicate {
  readonly property: string;
  readonly op: Operator;
  readonly value?: Operand | undefined;
}
export interface CountCondition {
  readonly op: CountOperator;
  readonly value: number | readonly [number, number];
}
export interface AggregateCondition {
  readonly fn: AggregateFunction;
  readonly property: string;
  readonly op: Operator;
  readonly value?: Operand | undefined;
}
export type Duration = string;
export type Window =
  | { readonly last: Duration }
  | { readonly between: readonly [Duration, Duration] }
  | { readonly from?: string | undefined; readonly to?: string | undefined }
  | {
      readonly calendar: 'day' | 'week' | 'month' | 'quarter' | 'year';
      readonly offset?: number | undefined;
      readonly timeZone?: string | undefined;
    };

/** Exactly one of `count` and `aggregate`, or neither (= at least once). `where` is a conjunction. */
export interface EventLeaf {
  readonly event: string;
  readonly where?: readonly PropertyPredicate[] | undefined;
  readonly count?: CountCondition | undefined;
  readonly aggregate?: AggregateCondition | undefined;
  readonly window?: Window | undefined;
}
export interface SequenceStep {
  readonly event: string;
  readonly nth?: 'first' | undefined;
  readonly where?: readonly PropertyPredicate[] | undefined;
  readonly within?: Duration | undefined;
  readonly without?: { readonly event: string; readonly where?: readonly PropertyPredicate[] | undefined } | undefined;
}
export interface SequenceLeaf {
  readonly sequence: readonly SequenceStep[];
  readonly window?: Window | undefined;
}
export interface SegmentLeaf {
  readonly segment: string;
}
export interface RandomLeaf {
  readonly random: { readonly salt: string; readonly from: number; readonly to: number };
}
export const MATCHES = ['any', 'all', 'none'] as const;
/** Of several: some of them, every one of at least one, or none. Absent = any. */
export type Match = (typeof MATCHES)[number];
/** Of a person: how many of the accounts that the person is in fit a condition on accounts. */
export interface AccountLeaf {
  readonly account: Expression;
  readonly match?: Match | undefined;
}
/** Of an account: how many of its people fit a condition on people. */
export interface PeopleLeaf {
  readonly people: Expression;
  readonly match?: Match | undefined;
}
export interface AndExpression {
  readonly and: readonly Expression[];
}
export interface OrExpression {
  readonly or: readonly Expression[];
}
export interface NotExpression {
  readonly not: Expression;
}
export type Expression =
  | AndExpression
  | OrExpression
  | NotExpression
  | TraitLeaf
  | EventLeaf
  | SequenceLeaf
  | SegmentLeaf
  | RandomLeaf
  | AccountLeaf
  | PeopleLeaf;

/** What a question is about; a condition on the one may hold conditions on the other. */
export const COLLECTIONS = ['people', 'accounts'] as const;
export type Collection = (typeof COLLECTIONS)[number];
