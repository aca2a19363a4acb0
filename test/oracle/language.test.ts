/** The generated questions are legal, and their text form is the same question: both before any engine answers them. */
import { expect, test } from 'vitest';
import { checkRequest } from '../../src/query/parser/check-request.ts';
import { parseText } from '../../src/query/parser/parse-text.ts';
import { printExpression } from '../../src/query/parser/print.ts';
import { canonicalText } from './canonical.ts';
import { ShapeCoverage } from './generate/coverage.ts';
import type { World } from './generate/world.ts';
import { runProperty } from './property-run.ts';

const coverage = new ShapeCoverage();

async function checkLanguage({ questions, analyses = [], measures = [] }: World): Promise<string | undefined> {
  for (const measure of measures) {
    checkRequest({ as: 'aggregate', ...measure });
    coverage.recordMeasure(measure);
  }
  for (const analysis of analyses) {
    checkRequest(analysis);
    coverage.recordAnalysis(analysis);
  }
  for (const question of questions) {
    coverage.record(question);
    try {
      const { where } = checkRequest(question);
      if (where === undefined) return `nothing left of ${JSON.stringify(question)}`;
      const text = printExpression(where);
      const reread = canonicalText(parseText(text));
      if (reread !== canonicalText(where)) return `printed as ${text}, read as ${reread}, was ${canonicalText(where)}`;
    } catch (error) {
      return `${String(error)} for ${JSON.stringify(question)}`;
    }
  }
  return undefined;
}

test('for any question and analysis the checks pass and the printed text reads back as the same question', async () => {
  await expect(runProperty({ worldCount: 60, questionCount: 80, check: checkLanguage })).resolves.toBeUndefined();
  if (process.env['KITH_ORACLE_PATH'] === undefined)
    expect(coverage.share, `never made: ${coverage.missing.join(', ')}`).toBeGreaterThan(0.98);
});
