/** The two oracles against each other, before either judges the engine. */
import { expect, test } from 'vitest';
import { DuckDbCheck } from './duckdb-check.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';
import { regressions } from './regression.ts';

test('every world that once failed gets the same answers from the naive model and DuckDB', async () => {
  for (const { file, world } of regressions()) expect(await new DuckDbCheck().check(world), file).toBeUndefined();
});

test(
  'for any world the naive model and DuckDB name the same profiles',
  async () => {
    const run = new DuckDbCheck(3);
    await runProperty({ worldCount: 46, questionCount: 80, check: (world) => run.check(world) });
    console.info(
      `${run.questionCount} questions, ${run.tellingCount} telling, ${run.analysisCount} analyses, shapes ${(run.coverage.share * 100).toFixed(1)} %`,
    );
    if (process.env['KITH_ORACLE_PATH'] !== undefined) return;
    expect(run.coverage.share, `never asked: ${run.coverage.missing.join(', ')}`).toBeGreaterThan(0.95);
    expect(run.tellingCount / run.questionCount).toBeGreaterThan(0.25);
  },
  TIMEOUT_MS,
);
