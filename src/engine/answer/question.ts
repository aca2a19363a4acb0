/** A checked question on its way through the shards: what every kind of answer works from. */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { AnswerBody, Expression, QueryPlan } from '../../model/query.ts';
import { type ExplainedSelection, mergePlans, underOne } from '../../query/execution/explain.ts';
import type { Spend } from '../../query/execution/pace.ts';
import { askTogether, type SelectOptions, type ShardQuery } from '../../query/execution/shard-query.ts';
import type { Capture } from '../../query/execution/shard-question.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { AnsweringShard } from './answering-shard.ts';

export type { Capture } from '../../query/execution/shard-question.ts';

export interface QuestionParts {
  readonly shards: readonly AnsweringShard[];
  /** One a shard. */
  readonly queries: readonly ShardQuery[];
  readonly clock: Clock;
  /** What the answer's watermark is; absent = how far each shard has come. */
  readonly appliedSeqs?: (() => readonly number[]) | undefined;
}

export class Question {
  readonly request: CheckedRequest;
  /** The condition; everyone where the request has none. */
  readonly where: Expression;
  readonly options: SelectOptions;
  readonly shards: readonly AnsweringShard[];
  readonly clock: Clock;
  readonly #queries: readonly ShardQuery[];
  readonly #appliedSeqs: () => readonly number[];
  #watermark: readonly number[] | undefined;
  /** A list of shards for each time that shards were asked. */
  readonly #explained: (readonly ExplainedSelection[])[] = [];

  constructor(request: CheckedRequest, where: Expression, options: SelectOptions, parts: QuestionParts) {
    this.request = request;
    this.where = where;
    this.options = options;
    this.shards = parts.shards;
    this.clock = parts.clock;
    this.#queries = parts.queries;
    this.#appliedSeqs = parts.appliedSeqs ?? (() => parts.shards.map((shard) => shard.appliedSeq));
  }

  /** Every shard's part, in the order of the shards; all are captured in this turn. */
  ask<T>(capture: Capture<T>): Promise<readonly T[]> {
    return this.askAndMerge(capture, (parts) => parts);
  }

  /** One answer out of every shard's part; `merge` notes its work with `spend`, and is cancelled or runs out of time as the rest. */
  async askAndMerge<T, R>(
    capture: Capture<T>,
    merge: (parts: readonly T[], spend: Spend) => R | Promise<R>,
  ): Promise<R> {
    const plans: ExplainedSelection[] = [];
    const questions = this.#queries.map((query, index) => {
      const explain = (selection: ExplainedSelection): void => {
        plans[index] = selection;
      };
      const options = this.request.explain === true ? { ...this.options, explain } : this.options;
      return query.question(this.where, options, capture);
    });
    const answer = await askTogether(questions, merge, () => {
      this.#watermark ??= this.#appliedSeqs();
    });
    if (plans.length > 0) this.#explained.push(plans);
    return answer;
  }

  /** Whether bitmaps answer the condition alone, as they are now. */
  isAnsweredByBitmaps(): boolean {
    return this.#queries.every((query) => query.isAnsweredByBitmaps(this.where, this.options));
  }

  /** How many of `counts[i]` profiles of shard i, drawn at random from the seed, fit the condition. */
  async sample(counts: readonly number[], seed: number): Promise<readonly number[]> {
    this.#watermark ??= this.#appliedSeqs();
    const samples = this.#queries.map((query, i) => query.sample(this.where, this.options, counts[i], seed + i));
    return Promise.all(samples);
  }

  /** Applied `seq` per shard at the instant of the (first) question. */
  get watermark(): readonly number[] {
    return this.#watermark ?? this.#appliedSeqs();
  }

  /** Of all that was asked, each over all shards; undefined unless `explain` was asked for. */
  plan(): QueryPlan | undefined {
    const [first, ...others] = this.#explained.map((plans) => mergePlans(plans.map((selection) => selection.plan())));
    return others.length === 0 ? first : underOne([first, ...others]);
  }

  /** The selected rows of every shard. */
  select(): Promise<readonly RowSet[]> {
    return this.ask(() => (rows) => rows);
  }
}

/** Answers one kind of question. */
export type Answerer = (question: Question) => Promise<AnswerBody>;
