/** The two oracles against each other, at length. */
import { expect, test } from 'vitest';
import { DuckDbCheck } from './duckdb-check.ts';
import { runProperty } from './property-run.ts';

test('for any of many worlds the naive model and DuckDB name the same profiles', async () => {
  const run = new DuckDbCheck();
  await runProperty({ worldCount: 600, questionCount: 80, check: (world) => run.check(world) });
  console.info(`${run.questionCount} questions, ${run.tellingCount} telling`);
  if (process.env['KITH_ORACLE_PATH'] === undefined) expect(run.coverage.missing).toEqual([]);
});
