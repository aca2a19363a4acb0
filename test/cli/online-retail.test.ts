/** The whole way with real data: the command line imports 541,909 rows into a served engine, which must agree with the data's own README. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open } from '../../src/engine/open.ts';
import type { BreakdownBody, RetentionBody, RfmBody } from '../../src/model/analysis.ts';
import { runCommand } from './run-command.ts';

const DATA_SETS = process.env['KITH_DATA_SETS'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const FILE = join(DATA_SETS, 'online_retail', 'online_retail.csv.gz');
const hasData = existsSync(FILE);
if (!hasData) console.warn(`skipped: ${FILE} is not there; set KITH_DATA_SETS to the folder of the data sets`);

const SOLD = 'where (quantity > 0 and price > 0)';
const SOLD_LINES = [
  { property: 'quantity', op: 'gt', value: 0 },
  { property: 'price', op: 'gt', value: 0 },
];
const IMPORT_FLAGS = [
  ...[
    '--event',
    'Order Line',
    '--user-id',
    'CustomerID:integer',
    '--anonymous-id',
    'InvoiceNo',
    '--timestamp',
    'InvoiceDate',
  ],
  ...['--property', 'invoice=InvoiceNo', '--property', 'sku=StockCode', '--property', 'description=Description'],
  ...['--property', 'quantity=Quantity:number', '--property', 'price=UnitPrice:number'],
  ...[
    '--property',
    'revenue=Quantity*UnitPrice',
    '--trait',
    'country=Country',
    '--trait',
    'customer=CustomerID:integer',
  ],
];

interface Line {
  readonly properties: {
    readonly invoice: string;
    readonly quantity: number;
    readonly price?: number;
    readonly revenue: number;
  };
}
interface Profile {
  readonly id: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly traits: { readonly customer?: number; readonly country: string };
  readonly last_seen: string;
  readonly events: readonly Line[];
}

describe.skipIf(!hasData)('Online Retail', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-retail-'));
  const data = join(folder, 'data');
  let url = '';
  let stop = (): void => {};
  let served: Promise<{ readonly exitCode: number }>;
  let importOutput = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      served = runCommand(['serve', '--port', '0', '--data', data, '--shards', '2', '--log-level', 'silent'], {
        openEngine: open,
        onStoppable: (callback) => (stop = callback),
        onStdout: (text) => {
          url = text.trim().replace('kith listening on ', '');
          resolve();
        },
      });
      // A start that failed must not hang the suite.
      void served.then(() => resolve());
    });
    const result = await run('import', FILE, ...IMPORT_FLAGS, '--state-dir', folder, '--no-gzip', '--json');
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    importOutput = result.stdout;
  }, 600_000);
  afterAll(async () => {
    stop();
    expect(await served).toMatchObject({ exitCode: 0 });
    rmSync(folder, { recursive: true });
  }, 60_000);

  const run = (...args: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand([...args, '--url', url, '--data', data], { isRealTime: true });
  const count = async (text: string): Promise<number> => {
    const { stdout, stderr } = await run('query', text, '--json');
    expect(stderr).toBe('');
    return (JSON.parse(stdout) as { count: number }).count;
  };

  it('every row is accepted once', () => {
    expect(JSON.parse(importOutput)).toMatchObject({ rows: 541_909, duplicates: 0, refused: 0, skipped: 0 });
  });

  it.each([
    ['customer exists', 4_372],
    // An invoice without a customer is a person of its own: 3,710 of them.
    ['not customer exists', 3_710],
    [`customer exists and did "Order Line" ${SOLD}`, 4_338],
    [`customer exists and count distinct of invoice over "Order Line" ${SOLD} > 1`, 2_845],
    [`customer = 14646 and sum of revenue over "Order Line" ${SOLD} between 280206.015 and 280206.025`, 1],
    [`customer = 14646 and count distinct of invoice over "Order Line" ${SOLD} = 73`, 1],
    [`customer = 12347 and sum of revenue over "Order Line" ${SOLD} between 4309.995 and 4310.005`, 1],
    [`customer = 12347 and count distinct of invoice over "Order Line" ${SOLD} = 7`, 1],
  ])('%s: %d', async (text, expected) => {
    expect(await count(text)).toBe(expected);
  });

  const ask = async <Answer>(request: object): Promise<Answer> => {
    const { adminKey } = JSON.parse(readFileSync(join(data, 'keys.json'), 'utf8')) as { adminKey: string };
    const response = await fetch(`${url}/v1/query`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    return (await response.json()) as Answer;
  };

  it('totals over all events agree', async () => {
    const total = async (property: string): Promise<number> => {
      const aggregate = { fn: 'sum', event: 'Order Line', property };
      return (await ask<{ value: number }>({ as: 'aggregate', aggregate })).value;
    };
    expect(await total('quantity')).toBe(5_176_450);
    expect(await total('revenue')).toBeCloseTo(9_747_747.934, 2);
  });

  it('the cohort of December 2010 comes back as it did', async () => {
    const retention = { cohort: { event: 'Order Line' }, period: 'month' };
    const { cohorts } = await ask<RetentionBody>({ where: 'customer exists', as: 'retention', retention });
    expect(cohorts).toHaveLength(13);
    expect(cohorts[0]).toMatchObject({ cohort: '2010-12-01', size: 948 });
    expect(cohorts[0].counts).toEqual([948, 362, 317, 367, 341, 376, 360, 336, 336, 374, 354, 474, 260]);
    expect(cohorts.reduce((sum, { size }) => sum + size, 0)).toBe(4_372);
  });

  it('recency, frequency and money of all customers agree', async () => {
    const rfm = { event: 'Order Line', amount: 'revenue', order: 'invoice', where: SOLD_LINES };
    const champions = { members: { cell: 'champions', limit: 5_000 } };
    const answer = await ask<RfmBody>({ where: 'customer exists', as: 'rfm', rfm: { ...rfm, ...champions } });
    expect(answer).toMatchObject({ customers: 4_338, orders: 18_532 });
    expect(answer.revenue).toBeCloseTo(8_911_407.904, 2);
    const best = answer.members?.find(({ id }) => id === '14646');
    expect(best).toMatchObject({ cell: 'champions', orders: 73, recency: 5, frequency: 5, monetary: 5 });
    expect(best?.revenue).toBeCloseTo(280_206.02, 2);
    expect(best?.lastAt.slice(0, 10)).toBe('2011-12-08');
    const cell = answer.cells.find((each) => each.cell === 'champions');
    expect(answer.members).toHaveLength(cell?.count ?? 0);
    expect(answer.cells.reduce((sum, { count }) => sum + count, 0)).toBe(4_338);
  });

  it('lines broken down by stock code, month and quantity agree', async () => {
    const by = async (dimension: object): Promise<BreakdownBody> => {
      const breakdown = { by: [dimension], event: 'Order Line', limit: 1 };
      return ask({ as: 'breakdown', breakdown });
    };
    expect((await by({ property: 'sku' })).total).toEqual({ groups: 4_070, events: 541_909, profiles: 4_372 + 3_710 });
    expect((await by({ period: 'month' })).total.groups).toBe(13);
    const aggregate = { fn: 'sum', property: 'revenue' };
    const months = { by: [{ period: 'year' }], event: 'Order Line', where: SOLD_LINES, aggregate };
    const { groups } = await ask<BreakdownBody>({ where: 'customer exists', as: 'breakdown', breakdown: months });
    expect(groups.map(({ values }) => values)).toEqual([['2011-01-01'], ['2010-01-01']]);
    expect(groups.reduce((sum, { value }) => sum + Number(value), 0)).toBeCloseTo(8_911_407.904, 2);
  });

  it('a customer looked up has country, counts and the last order', async () => {
    const { stdout } = await run('get', '14646', '--json', '--events', '1');
    const profile = JSON.parse(stdout) as Profile;
    expect(profile).toMatchObject({ id: '14646', traits: { customer: 14_646, country: 'Netherlands' } });
    expect(profile.last_seen.slice(0, 10)).toBe('2011-12-08');
    expect(profile.events).toHaveLength(1);
    expect((await run('get', '14646')).stdout).toContain('Order Line');
  });

  it('the export holds every row, and its sums agree to the cent', async () => {
    const path = join(folder, 'export.ndjson');
    expect((await run('export', '--events', '-o', path)).exitCode).toBe(0);
    let [rows, rowsWithoutCustomer, quantity, revenue, customers, orders, sold] = [0, 0, 0, 0, 0, 0, 0];
    for (const text of readFileSync(path, 'utf8').trimEnd().split('\n')) {
      const { counts, events, traits } = JSON.parse(text) as Profile;
      expect(events).toHaveLength(counts['Order Line']);
      rows += events.length;
      if (traits.customer === undefined) rowsWithoutCustomer += events.length;
      for (const { properties } of events) {
        quantity += properties.quantity;
        revenue += properties.revenue;
      }
      const bought = events.filter(({ properties }) => properties.quantity > 0 && (properties.price ?? 0) > 0);
      if (traits.customer === undefined || bought.length === 0) continue;
      customers += 1;
      orders += new Set(bought.map(({ properties }) => properties.invoice)).size;
      sold += bought.reduce((sum, { properties }) => sum + properties.revenue, 0);
    }
    expect({ rows, rowsWithoutCustomer, quantity, customers, orders }).toEqual({
      rows: 541_909,
      rowsWithoutCustomer: 135_080,
      quantity: 5_176_450,
      customers: 4_338,
      orders: 18_532,
    });
    expect(revenue).toBeCloseTo(9_747_747.934, 2);
    expect(sold).toBeCloseTo(8_911_407.904, 2);
  });
});
