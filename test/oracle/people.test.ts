/**
 * Who is who: many worlds with few questions, so that identifiers meet in every way. What happens to people is counted, and all of
 * it has to occur: a world without merges would say nothing of rows that are dead.
 */
import { expect, test } from 'vitest';
import { newTally } from './engine-check.ts';
import { checkWorld, PAIRS } from './engine-world.ts';
import type { World } from './generate/world.ts';
import { HAPPENINGS } from './naive/happening.ts';
import { naiveModelOf } from './naive-world.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';

const counts = new Map<string, number>(HAPPENINGS.map((name) => [name, 0]));

function count(world: World): void {
  for (const [name, times] of naiveModelOf(world).happenings) counts.set(name, (counts.get(name) ?? 0) + times);
}

test.each(Object.entries(PAIRS))(
  'for any world %s agree with the naive model on who is who',
  async (name, pair) => {
    const tally = newTally();
    const check = (world: World): Promise<string | undefined> => {
      count(world);
      return checkWorld(world, pair, tally);
    };
    await runProperty({ worldCount: 20, questionCount: 3, salt: 90 + Object.keys(PAIRS).indexOf(name), check });
    expect(tally.questionCount).toBeGreaterThan(20);
  },
  TIMEOUT_MS,
);

test('everything that can happen to people happened', () => {
  console.info([...counts].map(([name, times]) => `${times} × ${name}`).join('\n'));
  if (process.env['KITH_ORACLE_PATH'] !== undefined) return;
  expect([...counts].filter(([, times]) => times === 0).map(([name]) => name)).toEqual([]);
});
