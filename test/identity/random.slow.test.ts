/** The properties of this folder over many runs, and crashes at many points. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crashes } from './crash-points.ts';
import { scenarios } from './crash-scenarios.ts';
import { partition } from './partition-run.ts';
import { reordering } from './reordering-run.ts';
import { survivorship } from './survivorship-run.ts';
import { unmergeWith } from './unmerge-run.ts';

const properties = { partition, reordering, survivorship, unmerge: unmergeWith(() => undefined) };

for (const [name, property] of Object.entries(properties)) {
  test(`${name}, 150 runs`, async () => {
    await fc.assert(property as fc.IAsyncProperty<unknown>, { numRuns: 150, endOnFailure: true });
  });
}

for (const [i, scenario] of scenarios().entries()) {
  test(`${scenario.name}: 15 crash points for each place of a checkpoint`, async () => {
    expect(await crashes(scenario, 15, 1_007 + i)).toEqual([]);
  });
}
