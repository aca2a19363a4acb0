/** Which rows are no profile any more: told as they die, and found again in a table that comes from disk. */
import { expect, test } from 'vitest';
import type { RowSet } from '../../../src/bitmap/row-set.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { DeadRows } from '../../../src/profile/dead-rows.ts';
import { ProfileTable } from '../../../src/profile/profile-table.ts';

const NAME = 7;

function listOf(rows: RowSet): number[] {
  return Array.from({ length: rows.cardinality }, (_, rank) => rows.at(rank));
}

function namedProfiles(count: number): ProfileTable {
  const profiles = new ProfileTable(new SlabMemory());
  for (let i = 0; i < count; i++) profiles.primaries.set(profiles.add(0), NAME);
  return profiles;
}

test('a row dies once it is added, and loses its name', () => {
  const profiles = namedProfiles(5);
  const dead = new DeadRows(profiles);
  expect([dead.count, listOf(dead.rows())]).toEqual([0, []]);
  dead.add(3);
  expect([dead.count, dead.has(3), dead.has(2), profiles.primaries.get(3)]).toEqual([1, true, false, 0]);
  expect(listOf(dead.rows())).toEqual([3]);
});

test('rows that were asked for stay as they were when more die', () => {
  const dead = new DeadRows(namedProfiles(5));
  dead.add(1);
  const before = dead.rows();
  dead.add(4);
  expect([listOf(before), listOf(dead.rows())]).toEqual([[1], [1, 4]]);
});

test('a table with dead rows gives the same set again', () => {
  const profiles = namedProfiles(6);
  const first = new DeadRows(profiles);
  for (const row of [0, 5, 2]) first.add(row);
  const again = new DeadRows(profiles);
  expect([again.count, listOf(again.rows())]).toEqual([3, [0, 2, 5]]);
  expect([0, 1, 2, 3, 4, 5].map((row) => again.has(row))).toEqual([true, false, true, false, false, true]);
});
