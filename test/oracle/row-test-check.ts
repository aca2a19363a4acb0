/** A ShardQuery that holds every answer against the evaluator of one profile, row by row. */
import type { RowSet } from '../../src/bitmap/row-set.ts';
import type { Expression } from '../../src/model/expression.ts';
import type { ShardData } from '../../src/profile/shard-data.ts';
import { ExpressionBinder } from '../../src/query/binder/bind-expression.ts';
import { RowSelector } from '../../src/query/binder/row-selector.ts';
import { compileRowTest } from '../../src/query/evaluation/row-test.ts';
import type { Instant } from '../../src/query/execution/instant.ts';
import type { ShardQuery, ShardQueryOptions } from '../../src/query/execution/shard-query.ts';
import type { Capture, SelectOptions, ShardQuestion } from '../../src/query/execution/shard-question.ts';

type ShardQueryClass = typeof ShardQuery;

let comparedCount = 0;

/** So that nobody takes a check that never ran for agreement. */
export function comparedRowCount(): number {
  return comparedCount;
}

export function checkedShardQuery(base: ShardQueryClass, settings: ShardQueryOptions): ShardQueryClass {
  return class CheckedShardQuery extends base {
    readonly #data: ShardData;

    constructor(...[data, pool, options]: ConstructorParameters<ShardQueryClass>) {
      super(data, pool, { ...options, ...settings });
      this.#data = data;
    }

    override question<T>(expression: Expression, options: SelectOptions, capture: Capture<T>): ShardQuestion<T> {
      return super.question(expression, options, (instant) => {
        // In the turn of the question: later the columns may be others.
        const expected = rowsOf(this.#data, expression, instant);
        const finish = capture(instant);
        return (rows) => {
          compareRows(rows, expected, expression);
          return finish(rows);
        };
      });
    }
  } as ShardQueryClass;
}

function rowsOf(data: ShardData, expression: Expression, { moment, rowCount }: Instant): ReadonlySet<number> {
  const holds = compileRowTest(new ExpressionBinder(data, new RowSelector(), moment).bind(expression));
  // What profiles left behind that became part of others is nobody's.
  const living = Array.from({ length: rowCount }, (_, row) => row).filter((row) => !data.isDead(row));
  return new Set(living.filter(holds));
}

function compareRows(rows: RowSet, expected: ReadonlySet<number>, expression: Expression): void {
  const found = new Set(rows.rowsFrom(0, Number.MAX_SAFE_INTEGER));
  comparedCount += expected.size + found.size;
  const wrong = [...found, ...expected].filter((row) => !found.has(row) || !expected.has(row));
  if (wrong.length > 0)
    throw new Error(`one profile at a time: rows ${wrong.join()} differ for ${JSON.stringify(expression)}`);
}
