/** Which slots go where: whatever the owners and the number of shards, as few as possible, and even at the end. */
import { expect, it } from 'vitest';
import { handfulOf, movesOf, planMoves } from '../../../src/supervisor/rebalance-plan.ts';
import { evenSlotOwners } from '../../../src/supervisor/slot-ranges.ts';
import { type Random, randomOf, testSeed } from '../../process/seed.ts';

const SLOTS = 1_024;
const ROUNDS = 300;

function countsOf(owners: readonly number[], shards: number): number[] {
  const counts = new Array<number>(shards).fill(0);
  for (const owner of owners) counts[owner] += 1;
  return counts;
}

function ownersOf(random: Random): number[] {
  const shards = 1 + random.below(random.chance(20) ? 256 : 12);
  if (random.chance(40)) return [...evenSlotOwners(shards)];
  // Some have much, some nothing.
  const favourites = 1 + random.below(shards);
  return Array.from({ length: SLOTS }, () => random.below(random.chance(70) ? favourites : shards));
}

it('moves each slot at most once, from who has too many to who has too few, and is even at the end', () => {
  const random = randomOf(testSeed('planMoves'));
  for (let round = 0; round < ROUNDS; round++) {
    const owners = ownersOf(random);
    const target = 1 + random.below(random.chance(20) ? 256 : 12);
    const all = Math.max(target, Math.max(...owners) + 1);
    const before = countsOf(owners, all);
    const moves = planMoves(owners, target);
    expect(planMoves(owners, target)).toEqual(moves);
    const after = [...owners];
    const moved = new Set<number>();
    const faults: string[] = [];
    for (const { from, to, slots } of moves) {
      if (from === to || slots.length < 1 || slots.length > 4) faults.push(`${slots.length} from ${from} to ${to}`);
      for (const slot of slots) {
        if (moved.has(slot) || after[slot] !== from) faults.push(`slot ${slot} from ${from} to ${to}`);
        moved.add(slot);
        after[slot] = to;
      }
    }
    expect(faults).toEqual([]);
    const counts = countsOf(after, all);
    const shares = counts.slice(0, target);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    expect(counts.slice(target).every((count) => count === 0)).toBe(true);
    // Nobody both gives and gets: so it is as few as can be.
    const givers = new Set(moves.map(({ from }) => from));
    expect(moves.filter(({ to }) => givers.has(to))).toEqual([]);
    expect([...givers].filter((shard) => before[shard] <= counts[shard])).toEqual([]);
    expect(planMoves(after, target)).toEqual([]);
  }
});

it('leaves what is even as it is', () => {
  for (const shards of [1, 2, 3, 7, 256]) expect(planMoves(evenSlotOwners(shards), shards)).toEqual([]);
});

it('takes as many at once as hold little together, one at least, and few where nothing is known', () => {
  expect(handfulOf(512, undefined)).toBe(4);
  expect([0, 10, 130_000].map((content) => handfulOf(512, content))).toEqual([32, 32, 32]);
  expect(handfulOf(512, 512 * 1_024)).toBe(8);
  expect(handfulOf(512, 1e9)).toBe(1);
  // Every slot of the first two goes, each shard's in its own measure.
  const owners = evenSlotOwners(4);
  const moves = planMoves(owners, 2, (from) => (from === 2 ? 32 : 5));
  const sizes = (shard: number): number[] =>
    moves.filter(({ from }) => from === shard).map(({ slots }) => slots.length);
  expect([Math.max(...sizes(2)), Math.max(...sizes(3))]).toEqual([32, 5]);
  expect(moves.flatMap(({ slots }) => slots)).toHaveLength(512);
});

it('takes what was begun apart into moves of a few slots', () => {
  const slots = Array.from({ length: 10 }, (_, i) => i * 3);
  const moves = movesOf({ from: 1, to: 2, slots });
  expect(moves.map(({ from, to }) => [from, to])).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  expect(moves.flatMap((move) => move.slots)).toEqual(slots);
  expect(movesOf({ from: 1, to: 2, slots: [] })).toEqual([]);
});
