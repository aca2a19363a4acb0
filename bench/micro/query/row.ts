/**
 * What one profile costs the evaluator of one profile, and what comparisons of two fields and random buckets cost a scan on this thread: ns
 * of processor time an element, the least of several runs. Build and run as `select.ts`: `node dist/micro-row.js [profiles] [events] [runs]`.
 */
import type { Expression } from '../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../src/query/binder/bind-expression.ts';
import { CodeSelector } from '../../../src/query/binder/code-selector.ts';
import { RowSelector } from '../../../src/query/binder/row-selector.ts';
import { compileRowTest } from '../../../src/query/evaluation/row-test.ts';
import { ShardQuery } from '../../../src/query/execution/shard-query.ts';
import { HASH_SEED, NOW_MS, populate } from './population.ts';

const [profiles, events, runs] = [500_000, 5_000_000, 5].map((usual, i) => Number(process.argv[i + 2] ?? usual));
const ORDER = 'Order Completed';
const orders = Math.ceil(events / 3);
/** With the elements that a scan passes over. */
const CASES: Readonly<Record<string, readonly [Expression, number]>> = {
  'trait equals a text': [{ trait: 'country', op: 'eq', value: 'DE' }, profiles],
  'trait in a range': [{ trait: 'balance', op: 'gt', value: 9_000 }, profiles],
  'number < number': [{ trait: 'age', op: 'lt', value: { trait: 'balance' } }, profiles],
  'text = text': [{ trait: 'country', op: 'eq', value: { trait: 'plan' } }, profiles],
  'text = text, many values': [{ trait: 'city', op: 'eq', value: { trait: 'city' } }, profiles],
  'text < text (by bytes)': [{ trait: 'city', op: 'lt', value: { trait: 'country' } }, profiles],
  'text contains text': [{ trait: 'city', op: 'contains', value: { trait: 'plan' } }, profiles],
  'first_seen < last_seen': [{ trait: 'first_seen', op: 'lt', value: { trait: 'last_seen' } }, profiles],
  'random bucket': [{ random: { salt: 'exp-1', from: 0, to: 0.1 } }, profiles],
  'event number > trait': [
    { event: ORDER, where: [{ property: 'total', op: 'gt', value: { trait: 'balance' } }], window: { last: '3650d' } },
    orders,
  ],
  'event text = trait': [
    { event: ORDER, where: [{ property: 'sku', op: 'eq', value: { trait: 'country' } }], window: { last: '3650d' } },
    orders,
  ],
  'sum of events > trait': [
    { event: ORDER, aggregate: { fn: 'sum', property: 'total', op: 'gt', value: { trait: 'balance' } } },
    orders,
  ],
  'count ever': [{ event: ORDER, count: { op: 'gte', value: 3 } }, profiles],
  'count in 30 d': [{ event: ORDER, count: { op: 'gte', value: 1 }, window: { last: '30d' } }, orders],
  'sum in 90 d': [
    { event: ORDER, aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 200 }, window: { last: '90d' } },
    orders,
  ],
};

const data = populate({ profiles, events });
const query = new ShardQuery(data, undefined, { hashSeed: HASH_SEED });
const moment = { nowMs: NOW_MS, atMs: undefined };
const bind = { codes: new CodeSelector(HASH_SEED, 2 ** 26), texts: new RowSelector() };

async function leastNs(work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) * 1_000);
  }
  return least;
}

function countRows(expression: Expression, selector: CodeSelector | RowSelector): number {
  const holds = compileRowTest(new ExpressionBinder(data, selector, moment).bind(expression));
  let count = 0;
  for (let row = 0; row < profiles; row++) if (holds(row)) count += 1;
  return count;
}

function bindNs(expression: Expression): Promise<number> {
  return leastNs(() => {
    for (let i = 0; i < 1_000; i++) compileRowTest(new ExpressionBinder(data, bind.texts, moment).bind(expression));
  });
}

process.stdout.write(`${profiles} profiles, ${events} events; ns of processor time, least of ${runs}\n`);
process.stdout.write(
  `${'condition'.padEnd(28)}      rows | scan, an element | evaluator, a row: by code, by text | bind, µs\n`,
);
for (const [name, [expression, elements]] of Object.entries(CASES)) {
  const rows = (await query.select(expression, { nowMs: NOW_MS })).cardinality;
  const scan = (await leastNs(() => query.select(expression, { nowMs: NOW_MS }))) / elements;
  const byCode = (await leastNs(() => countRows(expression, bind.codes))) / profiles;
  const byText = (await leastNs(() => countRows(expression, bind.texts))) / profiles;
  const isSame = countRows(expression, bind.texts) === rows;
  const cells = [scan.toFixed(1).padStart(16), byCode.toFixed(1).padStart(28), byText.toFixed(1).padStart(6)];
  const bound = ((await bindNs(expression)) / 1_000_000).toFixed(1).padStart(8);
  process.stdout.write(
    `${name.padEnd(28)} ${String(rows).padStart(9)} | ${cells.join('  ')} | ${bound}${isSame ? '' : '  DIFFERS'}\n`,
  );
}
query.close();
