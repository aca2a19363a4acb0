/** Crashes between any two steps of short stories: a few of the many points, the same each time; `random.slow.test.ts` has more. */
import { expect, test } from 'vitest';
import { crashes } from './crash-points.ts';
import { scenarios } from './crash-scenarios.ts';

for (const [i, scenario] of scenarios().entries()) {
  test(`${scenario.name}: whatever each log keeps, the client ends where no crash would have led`, async () => {
    expect(await crashes(scenario, 2, 7 + i)).toEqual([]);
  });
}
