/** A question about everyone, as `POST /v1/query` takes it, and its answer. */
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
import type { Collection, Expression } from './expression.ts';

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
  /** Where it stands in JSON: a pointer into the request. */
  readonly path?: string | undefined;
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
