/** A checked question on its way through the shards: what every kind of answer works from. */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { AnswerBody, Expression } from '../../model/query.ts';
import type { Instant, STALE } from '../../query/execution/instant.ts';
import type { SelectOptions, ShardQuery } from '../../query/execution/shard-query.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Shard } from '../../shard/shard.ts';

/** Captures on one shard, in the turn of the question; what it returns is called with the selected rows. */
export type Capture<T> = (instant: Instant) => (rows: RowSet) => T | typeof STALE | Promise<T | typeof STALE>;

export class Question {
  readonly request: CheckedRequest;
  /** The condition; everyone where the request has none. */
  readonly where: Expression;
  readonly options: SelectOptions;
  readonly shards: readonly Shard[];
  readonly clock: Clock;
  readonly #queries: readonly ShardQuery[];

  constructor(
    request: CheckedRequest,
    where: Expression,
    options: SelectOptions,
    parts: { readonly shards: readonly Shard[]; readonly queries: readonly ShardQuery[]; readonly clock: Clock },
  ) {
    this.request = request;
    this.where = where;
    this.options = options;
    this.shards = parts.shards;
    this.clock = parts.clock;
    this.#queries = parts.queries;
  }

  /** Every shard's part, in the order of the shards; all are captured in this turn. */
  ask<T>(capture: Capture<T>): Promise<readonly T[]> {
    return Promise.all(this.#queries.map((query) => query.run(this.where, this.options, capture)));
  }

  /** The selected rows of every shard. */
  select(): Promise<readonly RowSet[]> {
    return this.ask(() => (rows) => rows);
  }
}

/** Answers one kind of question. */
export type Answerer = (question: Question) => Promise<AnswerBody>;
