/**
 * No trait is shown where one above it is: an address is a text or an object, never both, whatever the rules of survivorship; in the columns
 * of now and in what is folded from the calls. What writes traits as JSON relies on it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SURVIVORSHIP_RULES, type TraitSurvivorship } from '../../../src/model/identity.ts';
import { isAbove, TraitTrace } from '../../../src/profile/history/trait-trace.ts';
import { callsInOrder } from '../../../src/profile/trait-history.ts';
import { live, story } from './person.ts';

const PATHS = ['*', 'a', 'a.x', 'a.x.y', 'a.y', 'b', 'b.x', 'colour', 'ruled'];

const rules: fc.Arbitrary<TraitSurvivorship[]> = fc
  .tuple(...PATHS.map(() => fc.option(fc.constantFrom(...SURVIVORSHIP_RULES), { freq: 2 })))
  .map((chosen) =>
    chosen.flatMap((rule, i) =>
      rule === null ? [] : [{ trait: PATHS[i], rule, sources: rule === 'source_priority' ? ['crm', 'web'] : [] }],
    ),
  );

function expectOneLevel(paths: readonly (readonly string[])[]): void {
  for (const path of paths) expect(paths.filter((other) => isAbove(other, path))).toEqual([]);
}

test('of traits above and below each other one level is shown', async () => {
  let pairCount = 0;
  await fc.assert(
    fc.asyncProperty(story, rules, async (told, given) => {
      const { core, people } = await live(told);
      for (const { data } of core.shards) data.traits.setSurvivorship(given);
      for (const { id } of people) {
        const { shard, row } = core.router.locate({ type: 'user_id', value: id })!;
        const { data } = shard;
        expectOneLevel(data.profiles.traits.filter((column) => column.has(row)).map(({ segments }) => segments));
        const trace = new TraitTrace(data);
        for (const call of callsInOrder(data.history, row)) {
          trace.apply(call);
          expectOneLevel(trace.held().map((trait) => trace.columnOf(trait).segments));
        }
        const spoken = data.history.properties.filter((column) =>
          data.history.eventsOf(data.history.slotOf(row)).some((call) => column.typeAt(call) !== 0),
        );
        for (const { segments } of spoken) {
          pairCount += spoken.filter((other) => isAbove(other.segments, segments)).length;
        }
      }
    }),
    { numRuns: 300, seed: 20_261_122 },
  );
  // The stories are of the kind that this is about.
  expect(pairCount).toBeGreaterThan(100);
});
