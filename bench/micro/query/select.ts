/**
 * What each kind of condition costs on one shard, on its own thread and on workers: 1 M profiles and 10 M events unless told
 * otherwise. Needs a build (`npm run build`), then:
 * `npx esbuild bench/micro/query/select.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/micro-select.js`
 * and `node dist/micro-select.js [profiles] [events] [runs]`.
 */
import type { Expression } from '../../../src/model/expression.ts';
import { ShardQuery } from '../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../src/runtime/worker-pool.ts';
import { HASH_SEED, NOW_MS, populate } from './population.ts';

const germany: Expression = { trait: 'country', op: 'eq', value: 'DE' };
const last = (days: number) => ({ last: `${days}d` });
const CASES: Readonly<Record<string, Expression>> = {
  equality: germany,
  'and of three equalities': {
    and: [germany, { trait: 'plan', op: 'eq', value: 'pro' }, { trait: 'active', op: 'eq', value: true }],
  },
  'not in': { trait: 'country', op: 'not_in', value: ['DE', 'AT', 'CH'] },
  'range of small integers': { trait: 'age', op: 'between', value: [30, 39] },
  'range of doubles': { trait: 'balance', op: 'gt', value: 9_000 },
  'equality of a high-cardinality text': { trait: 'city', op: 'eq', value: 'city 77' },
  'substring of a high-cardinality text': { trait: 'city', op: 'contains', value: '77' },
  'equality and range': { and: [germany, { trait: 'age', op: 'gte', value: 70 }] },
  'count ever': { event: 'Page Viewed', count: { op: 'gte', value: 10 } },
  'count ≥ 3 in 30 d': { event: 'Page Viewed', count: { op: 'gte', value: 3 }, window: last(30) },
  'count ≥ 3 in 300 d': { event: 'Page Viewed', count: { op: 'gte', value: 3 }, window: last(300) },
  'none in 30 d': { event: 'Page Viewed', count: { op: 'eq', value: 0 }, window: last(30) },
  'count with where on text': {
    event: 'Page Viewed',
    where: [{ property: 'url', op: 'eq', value: '/page/7' }],
    window: last(300),
  },
  'count with where on number': {
    event: 'Order Completed',
    where: [{ property: 'total', op: 'gte', value: 150 }],
    window: last(90),
  },
  'sum in 90 d': {
    event: 'Order Completed',
    aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 200 },
    window: last(90),
  },
  'average ever': { event: 'Order Completed', aggregate: { fn: 'avg', property: 'total', op: 'gt', value: 120 } },
  'distinct in 30 d': {
    event: 'Order Completed',
    aggregate: { fn: 'count_distinct', property: 'sku', op: 'gte', value: 2 },
    window: last(30),
  },
  'last value': { event: 'Order Completed', aggregate: { fn: 'last', property: 'sku', op: 'eq', value: 'sku 7' } },
  'few profiles and count in 300 d': {
    and: [
      { trait: 'city', op: 'eq', value: 'city 77' },
      { event: 'Page Viewed', count: { op: 'gte', value: 3 }, window: last(300) },
    ],
  },
  'equality and count ≥ 3 in 30 d': {
    and: [germany, { event: 'Page Viewed', count: { op: 'gte', value: 3 }, window: last(30) }],
  },
};

const [profiles, events, runs] = [1_000_000, 10_000_000, 15].map((usual, i) => Number(process.argv[i + 2] ?? usual));
const data = populate({ profiles, events });
const pool = new WorkerPool(2);
const ways = {
  thread: new ShardQuery(data, undefined, { hashSeed: HASH_SEED }),
  workers: new ShardQuery(data, pool, { hashSeed: HASH_SEED }),
};
process.stdout.write(`${profiles} profiles, ${events} events; ms, least and median of ${runs}\n`);
process.stdout.write(`${'condition'.padEnd(40)} ${'rows'.padStart(9)}   first | thread           | workers\n`);
for (const [name, expression] of Object.entries(CASES)) {
  const cells: string[] = [];
  let rowCount = 0;
  let firstMs = 0;
  for (const query of Object.values(ways)) {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      const startMs = performance.now();
      const rows = await query.select(expression, { nowMs: NOW_MS });
      rowCount = rows.cardinality;
      times.push(performance.now() - startMs);
    }
    if (cells.length === 0) firstMs = times[0];
    times.sort((a, b) => a - b);
    cells.push(`${times[0].toFixed(2).padStart(7)} ${times[runs >> 1].toFixed(2).padStart(8)}`);
  }
  process.stdout.write(
    `${name.padEnd(40)} ${String(rowCount).padStart(9)} ${firstMs.toFixed(1).padStart(7)} | ${cells.join(' | ')}\n`,
  );
}
const bytes = data.memoryBytes();
process.stdout.write(
  `indexes ${ways.thread.memoryBytes} bytes, profiles ${bytes['profiles']}, events ${bytes['events']}\n`,
);
await pool.close();
