/** A checked question on its way through the shards of this process. */
import type { Expression } from '../../model/expression.ts';
import type { QueryPlan } from '../../model/query.ts';
import { type ExplainedSelection, planOf } from '../../query/execution/explain.ts';
import type { Spend } from '../../query/execution/pace.ts';
import { askTogether, type SelectOptions, type ShardQuery } from '../../query/execution/shard-query.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { AnsweringShard } from './answering-shard.ts';
import type { AskedQuestion, Population, Sample } from './asked-question.ts';
import type { PartKind, Plain } from './part-kind.ts';

export interface QuestionParts {
  readonly shards: readonly AnsweringShard[];
  /** One a shard. */
  readonly queries: readonly ShardQuery[];
  readonly clock: Clock;
  /** What the answer's watermark is; absent = how far each shard has come. */
  readonly appliedSeqs?: (() => readonly number[]) | undefined;
}

export class Question implements AskedQuestion {
  readonly request: CheckedRequest;
  /** The condition; everyone where the request has none. */
  readonly where: Expression;
  readonly options: SelectOptions;
  readonly #shards: readonly AnsweringShard[];
  readonly #clock: Clock;
  readonly #queries: readonly ShardQuery[];
  readonly #appliedSeqs: () => readonly number[];
  #watermark: readonly number[] | undefined;
  /** A list of shards for each time that shards were asked. */
  readonly #explained: (readonly ExplainedSelection[])[] = [];

  constructor(request: CheckedRequest, where: Expression, options: SelectOptions, parts: QuestionParts) {
    this.request = request;
    this.where = where;
    this.options = options;
    this.#shards = parts.shards;
    this.#clock = parts.clock;
    this.#queries = parts.queries;
    this.#appliedSeqs = parts.appliedSeqs ?? (() => parts.shards.map((shard) => shard.appliedSeq));
  }

  get nowMs(): number {
    return this.options.atMs ?? this.options.nowMs;
  }

  get shardCount(): number {
    return this.#shards.length;
  }

  yieldTurn(): Promise<void> {
    return this.#clock.yieldTurn();
  }

  /** All parts, in the order of the shards, are captured in this turn. */
  async gather<Part, Packed extends Plain, R>(
    kind: PartKind<Part, Packed>,
    merge: (parts: readonly Part[], spend: Spend) => R | Promise<R>,
  ): Promise<R> {
    const plans: ExplainedSelection[] = [];
    const count = this.#queries.length;
    const questions = this.#queries.map((query, index) => {
      const explain = (selection: ExplainedSelection): void => {
        plans[index] = selection;
      };
      const options = this.request.explain === true ? { ...this.options, explain } : this.options;
      return query.question(this.where, options, (instant) =>
        kind.capture(instant, this.#shards[index], { index, count }),
      );
    });
    const answer = await askTogether(questions, merge, () => {
      this.#watermark ??= this.#appliedSeqs();
    });
    if (plans.length > 0) this.#explained.push(plans);
    return answer;
  }

  sampling<R>(estimate: (population: Population, sample: Sample) => Promise<R>): Promise<R> {
    const { where, options } = this;
    const population: Population = {
      sizes: this.#shards.map(({ data }) => data.profileCount),
      isAnsweredByBitmaps: this.#queries.every((query) => query.isAnsweredByBitmaps(where, options)),
    };
    return estimate(population, (counts, seed) => {
      this.#watermark ??= this.#appliedSeqs();
      return Promise.all(this.#queries.map((query, i) => query.sample(where, options, counts[i], seed + i)));
    });
  }

  /** Applied `seq` per shard at the instant of the (first) question. */
  get watermark(): readonly number[] {
    return this.#watermark ?? this.#appliedSeqs();
  }

  /** Of all that was asked, each over all shards; undefined unless `explain` was asked for. */
  plan(): QueryPlan | undefined {
    return planOf(this.#explained.map((plans) => plans.map((selection) => selection.plan())));
  }
}
