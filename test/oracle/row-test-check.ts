/** A ShardQuery that holds every answer against the evaluator of one profile, row by row. */
import type { RowSet } from '../../src/bitmap/row-set.ts';
import type { Expression } from '../../src/model/query.ts';
import type { ShardData } from '../../src/profile/shard-data.ts';
import { ExpressionBinder } from '../../src/query/binder/bind-expression.ts';
import { RowSelector } from '../../src/query/binder/row-selector.ts';
import { compileRowTest } from '../../src/query/evaluation/row-test.ts';
import type { Instant } from '../../src/query/execution/instant.ts';
import type { SelectOptions, ShardQuery, ShardQueryOptions } from '../../src/query/execution/shard-query.ts';

type ShardQueryClass = typeof ShardQuery;

let rowCount = 0;

/** So that nobody takes a check that never ran for agreement. */
export function comparedRowCount(): number {
  return rowCount;
}

export function checkedShardQuery(base: ShardQueryClass, settings: ShardQueryOptions): ShardQueryClass {
  return class CheckedShardQuery extends base {
    readonly #data: ShardData;

    constructor(...[data, pool, options]: ConstructorParameters<ShardQueryClass>) {
      super(data, pool, { ...options, ...settings });
      this.#data = data;
    }

    override run<T>(
      expression: Expression,
      options: SelectOptions,
      capture: Parameters<ShardQuery['run']>[2],
    ): Promise<T> {
      return super.run(expression, options, (instant) => {
        // In the turn of the question: later the columns may be others.
        const expected = rowsOf(this.#data, expression, instant.moment, instant.rowCount);
        const finish = capture(instant);
        return (rows) => {
          compareRows(rows, expected, expression);
          return finish(rows);
        };
      }) as Promise<T>;
    }
  } as ShardQueryClass;
}

function rowsOf(
  data: ShardData,
  expression: Expression,
  moment: Instant['moment'],
  count: number,
): ReadonlySet<number> {
  const bound = new ExpressionBinder(data, new RowSelector(), moment).bind(expression);
  const holds = compileRowTest(bound);
  return new Set(Array.from({ length: count }, (_, row) => row).filter(holds));
}

function compareRows(rows: RowSet, expected: ReadonlySet<number>, expression: Expression): void {
  const found = new Set(rows.rowsFrom(0, Number.MAX_SAFE_INTEGER));
  rowCount += expected.size + found.size;
  const wrong = [...found, ...expected].filter((row) => !found.has(row) || !expected.has(row));
  if (wrong.length > 0)
    throw new Error(`one profile at a time: rows ${wrong.join()} differ for ${JSON.stringify(expression)}`);
}
