/** Numbers with two and with four decimal places, which columns keep as whole counts, under every operator that reads numbers. */
import { expect, it } from 'vitest';
import type { AggregateFunction, Expression, Operator, TraitLeaf } from '../../../../src/model/expression.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { randomOf } from './analysis-world.ts';
import { HASH_SEED, identify, NOW_MS, track, World } from './world.ts';

const RANGE_OPERATORS: readonly Operator[] = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte'];
const FUNCTIONS: readonly AggregateFunction[] = ['sum', 'avg', 'min', 'max', 'count_distinct'];

/** Numbers of up to so many places within ±most. */
function numbersOf(seed: number, places: number, most: number): number[] {
  const random = randomOf(seed);
  const scale = 10 ** places;
  return Array.from({ length: 60 }, () => Math.round((random() * 2 - 1) * most * scale) / scale);
}

it.each([
  ['hundredths in two bytes', 2, 300],
  ['hundredths in four bytes', 2, 20_000_000],
  ['ten-thousandths in two bytes', 4, 3],
  ['ten-thousandths in four bytes', 4, 200_000],
  ['f64', 6, 1],
])('%s answer as the naive model does', async (_, places, most) => {
  const world = new World();
  const values = numbersOf(places * 31 + most, places, most);
  values.forEach((value, i) => {
    world.add(
      identify(`u${i % 40}`, { v: value, w: values[(i * 7 + 3) % values.length], n: i % 5 }),
      track(`u${(i * 11) % 40}`, 'Paid', i / 10, { total: value, was: values[(i + 1) % values.length], by: i % 3 }),
    );
    if (i % 4 === 0) world.add(track(`u${i % 40}`, 'Paid', i / 10, { by: i }));
  });
  const bounds = [...values.slice(0, 6), values[3] + 1e-9, values[4] - 1e-9, values[5] + 0.5 / 10 ** places, 0, -0, 7];
  const asked: Expression[] = [];
  const where = (part: Pick<TraitLeaf, 'op' | 'value'>): Expression[] => [
    { trait: 'v', ...part },
    { event: 'Paid', where: [{ property: 'total', ...part }], count: { op: 'gte', value: 1 } },
  ];
  for (const value of bounds) {
    for (const op of RANGE_OPERATORS) asked.push(...where({ op, value }));
    asked.push(
      ...where({ op: 'between', value: [value - most / 9, value] }),
      ...where({ op: 'in', value: [value, 1, -0] }),
    );
  }
  asked.push(...where({ op: 'exists' }), ...where({ op: 'not_exists' }), ...where({ op: 'in', value: bounds }));
  for (const op of ['eq', 'lt', 'gte'] as const) {
    asked.push({ trait: 'v', op, value: { trait: 'w' } }, { trait: 'v', op, value: { trait: 'n' } });
    asked.push({ event: 'Paid', where: [{ property: 'total', op, value: { property: 'was' } }] });
    asked.push({ event: 'Paid', where: [{ property: 'total', op, value: { trait: 'w' } }] });
  }
  for (const fn of FUNCTIONS) {
    for (const value of [0, 1, 2, values[0], values[1]]) {
      asked.push({ event: 'Paid', aggregate: { fn, property: 'total', op: 'gt', value } });
    }
  }
  const query = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
  for (const expression of asked) {
    // Twice: from the second question on an index may answer.
    for (let turn = 0; turn < 2; turn++)
      world.assertAgrees(await query.select(expression, { nowMs: NOW_MS }), expression);
  }
  expect(asked.length).toBeGreaterThan(200);
});
