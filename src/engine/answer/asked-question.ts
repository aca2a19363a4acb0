/** A checked question as every kind of answer works from it: to the shards of this process, or to those of others. */
import type { Expression } from '../../model/expression.ts';
import type { AnswerBody } from '../../model/query.ts';
import type { Spend } from '../../query/execution/pace.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { PartKind, Plain } from './part-kind.ts';

/** What an estimate begins with. */
export interface Population {
  /** Profiles of each shard. */
  readonly sizes: readonly number[];
  /** Whether bitmaps answer the condition alone, as they are now. */
  readonly isAnsweredByBitmaps: boolean;
}

export interface AskedQuestion {
  readonly request: CheckedRequest;
  /** The condition; everyone where the request has none. */
  readonly where: Expression;
  /** What the language calls now: `at`, or the time of the question. */
  readonly nowMs: number;
  /** How many there are, also of those that could not be asked. */
  readonly shardCount: number;
  /** Gives others a turn. */
  yieldTurn(): Promise<void>;
  /** One answer out of every shard's part; `merge` notes its work with `spend`, and is cancelled or runs out of time as the rest. */
  gather<Part, Packed extends Plain, R>(
    kind: PartKind<Part, Packed>,
    merge: (parts: readonly Part[], spend: Spend) => R | Promise<R>,
  ): Promise<R>;
  /** The answer that `estimate` makes, which may ask for samples as long as it is under way. */
  sampling<R>(estimate: (population: Population, sample: Sample) => Promise<R>): Promise<R>;
}

/** How many of `counts[i]` profiles of the i-th shard of the population, drawn at random from the seed, fit the condition. */
export type Sample = (counts: readonly number[], seed: number) => Promise<readonly number[]>;

/** Answers one kind of question. */
export type Answerer = (question: AskedQuestion) => Promise<AnswerBody>;
