/**
 * The segment query language as data: the JSON form callers send is exactly this AST (the leaf's first key tells its
 * kind), and the text form prints to and parses from it one to one.
 */
import type {
  BreakdownBody,
  BreakdownRequest,
  FunnelBody,
  FunnelRequest,
  OverlapBody,
  OverlapRequest,
  RetentionBody,
  RetentionRequest,
  RfmBody,
  RfmRequest,
  TotalRequest,
} from './analysis.ts';

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

export const RESULT_KINDS = [
  'count',
  'ids',
  'profiles',
  'aggregate',
  'breakdown',
  'funnel',
  'retention',
  'rfm',
  'overlap',
] as const;
export type ResultKind = (typeof RESULT_KINDS)[number];

/** `POST /v1/query`. `where` absent = everyone. */
export interface QueryRequest {
  /** Absent = people. */
  readonly of?: Collection | undefined;
  readonly where?: Expression | string | undefined;
  readonly as?: ResultKind | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly fields?: readonly string[] | undefined;
  /** Newest events per profile in `profiles` answers. */
  readonly events?: number | undefined;
  readonly aggregate?: TotalRequest | undefined;
  readonly breakdown?: BreakdownRequest | undefined;
  readonly funnel?: FunnelRequest | undefined;
  readonly retention?: RetentionRequest | undefined;
  readonly rfm?: RfmRequest | undefined;
  readonly overlap?: OverlapRequest | undefined;
  /** ISO 8601: evaluate as of that moment; later events do not exist. */
  readonly at?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** `estimate`: a count from a sample of profiles, with its interval. */
  readonly mode?: 'exact' | 'estimate' | undefined;
  /** The answer carries `plan`: what was done, with estimated and true rows and the time of each part. */
  readonly explain?: boolean | undefined;
  /** A name that nobody ever sent is a mistake (`query_unknown_name`), not only a warning. */
  readonly strict?: boolean | undefined;
  /** Of a cluster of which a part cannot be asked: answer for the rest and say what is `missing`. Absent or false: such a question fails. */
  readonly partial?: boolean | undefined;
  /** Passes of the optimizer that are left out: for tests, and for finding out what a pass is worth. */
  readonly optimizer?: { readonly off: readonly string[] } | undefined;
}

/** A trait, event or property of the question that nobody ever sent: perhaps a slip of the pen. */
export interface QueryWarning {
  readonly code: 'unknown_name';
  readonly message: string;
  readonly name: string;
  readonly suggestion?: string | undefined;
  /** Where it stands in a text. */
  readonly position?: number | undefined;
  readonly end?: number | undefined;
}

/** One operator of an explained plan. Rows are those it left, added up over shards; time is of all shards together. */
export interface PlanNode {
  readonly operator: string;
  /** What it looks at, for people. */
  readonly detail: string;
  readonly estimatedRows: number;
  readonly rows: number | null;
  readonly tookMs: number;
  readonly children: readonly PlanNode[];
}
export interface QueryPlan {
  /** Names of the optimizer's passes, in order, that were applied. */
  readonly passes: readonly string[];
  readonly root: PlanNode;
}

/** What a partial answer leaves out: everybody who belongs to these slots. */
export interface MissingPart {
  readonly shards: readonly number[];
  readonly slots: number;
}

interface AnswerBase {
  readonly tookMs: number;
  /** Applied `seq` per shard that the answer includes. */
  readonly watermark: readonly number[];
  readonly plan?: QueryPlan | undefined;
  readonly warnings?: readonly QueryWarning[] | undefined;
  /** Only where `partial` was asked for and something could not be asked. */
  readonly missing?: MissingPart | undefined;
}
/** `isExact` false = an estimate: the true count lies in `interval` with probability `confidence`. */
export interface CountBody {
  readonly count: number;
  readonly isExact?: false | undefined;
  readonly interval?: readonly [number, number] | undefined;
  readonly confidence?: number | undefined;
  readonly sampleSize?: number | undefined;
}
export interface IdsBody {
  readonly ids: readonly string[];
  readonly cursor?: string | undefined;
}
export interface ProfilesBody {
  readonly profiles: readonly unknown[];
  readonly cursor?: string | undefined;
}
export interface ValueBody {
  /** A list where `p` is one. */
  readonly value: number | string | boolean | null | readonly (number | null)[];
}
export type AnswerBody =
  | CountBody
  | IdsBody
  | ProfilesBody
  | ValueBody
  | BreakdownBody
  | FunnelBody
  | RetentionBody
  | RfmBody
  | OverlapBody;
export type QueryAnswer = AnswerBase & AnswerBody;
