import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer } from './fake-server.ts';
import { type CommandResult, runCommand } from './run-command.ts';

let server: FakeServer;
let asked: { path: string; method: string; body: unknown }[];

beforeEach(async () => {
  server = await FakeServer.start();
  asked = [];
});
afterEach(() => server.close());

/** Runs the command against a server that always gives this answer. */
async function answered(answer: unknown, ...args: string[]): Promise<CommandResult> {
  server.intercept = (path, body) => {
    asked.push({ path, method: server.requests.at(-1)?.method ?? '', body });
    return { status: 200, body: answer };
  };
  return runCommand([...args, '--url', server.url]);
}

const lastBody = (): unknown => asked.at(-1)?.body;
const tookMs = 1;

describe('help', () => {
  it.each([['funnel'], ['retention'], ['rfm'], ['overlap'], ['segment'], ['schema'], ['why']])(
    'of kith %s teaches by examples',
    async (command) => {
      const result = await runCommand([command, '--help']);
      expect([result.exitCode, result.stdout]).toEqual([0, expect.stringContaining('Examples:')]);
    },
  );
});

describe('query', () => {
  it('shows warnings with a caret, on standard error', async () => {
    const message = 'nobody ever had a trait "contry"; did you mean "country"?';
    const warnings = [{ code: 'unknown_name', message, name: 'contry', suggestion: 'country', position: 4, end: 10 }];
    const result = await answered({ count: 0, tookMs, warnings }, 'query', 'not contry = "DE"', '--strict');
    expect(result.stdout).toBe('0 profiles (1.0 ms)\n');
    expect(result.stderr).toBe(`warning line 1, column 5: ${message}\n1 | not contry = "DE"\n        ^^^^^^\n`);
    expect(lastBody()).toEqual({ where: 'not contry = "DE"', as: 'count', strict: true });
    const json = await answered({ count: 0, tookMs, warnings }, 'query', 'not contry = "DE"', '--json');
    expect([json.stderr, JSON.parse(json.stdout).warnings]).toEqual(['', warnings]);
  });

  it('says where in JSON a mistake stands', async () => {
    const warning = {
      code: 'unknown_name',
      message: 'nobody ever had a trait "contry"',
      name: 'contry',
      path: '/where/trait',
    };
    const where = '{"trait":"contry","op":"exists"}';
    const warned = await answered({ count: 0, tookMs, warnings: [warning] }, 'query', where);
    expect(warned.stderr).toBe('warning nobody ever had a trait "contry", at /where/trait\n');
    const error = {
      code: 'query_invalid',
      message: 'the operator "eqq" does not exist',
      details: { path: '/where/op' },
    };
    server.intercept = () => ({ status: 400, body: { error } });
    const refused = await runCommand(['query', '{"trait":"a","op":"eqq","value":1}', '--url', server.url]);
    expect(refused.stderr).toBe('error the operator "eqq" does not exist, at /where/op (query_invalid)\n');
  });

  it('shows an estimate with its interval, and the plan as a tree', async () => {
    const leaf = {
      operator: 'bitmap',
      detail: 'country = "DE"',
      estimatedRows: 10.4,
      rows: 12,
      tookMs: 0.1,
      children: [],
    };
    const plan = {
      passes: ['flatten'],
      root: {
        operator: 'and',
        detail: '',
        estimatedRows: 3,
        rows: null,
        tookMs: 2.345,
        children: [leaf, { ...leaf, children: [leaf] }],
      },
    };
    const answer = {
      count: 1234,
      isExact: false,
      interval: [1100.2, 1300],
      confidence: 0.95,
      sampleSize: 4000,
      tookMs,
      plan,
    };
    const result = await answered(answer, 'query', 'a = 1', '--estimate', '--explain');
    expect(lastBody()).toEqual({ where: 'a = 1', as: 'count', mode: 'estimate', explain: true });
    expect(result.stdout).toBe(
      [
        '≈ 1,234 profiles, 95 % sure of 1,100 to 1,300, from 4,000 looked at (1.0 ms)',
        'plan                         rows  expected     time',
        'and                                       3  2.35 ms',
        '├─ bitmap country = "DE"       12        10  0.10 ms',
        '└─ bitmap country = "DE"       12        10  0.10 ms',
        '   └─ bitmap country = "DE"    12        10  0.10 ms',
        'passes: flatten',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [
      'sum of total over "Order Completed" in last 30d',
      { fn: 'sum', event: 'Order Completed', property: 'total', window: { last: '30d' } },
    ],
    [
      'percentile 50, 95 of `a b` over "E" where x = 1',
      { fn: 'percentile', p: [50, 95], event: 'E', property: 'a b', where: [{ property: 'x', op: 'eq', value: 1 }] },
    ],
    ['median of age', { fn: 'median', trait: 'age' }],
    ['count distinct of `home city`', { fn: 'count_distinct', trait: 'home city' }],
  ])('--aggregate %s', async (text, aggregate) => {
    const result = await answered({ value: [1.5, null], tookMs }, 'query', 'everyone', '--aggregate', text);
    expect(result.stdout).toBe('1.5  nothing (1.0 ms)\n');
    expect(lastBody()).toEqual({ where: 'everyone', as: 'aggregate', aggregate });
  });

  it('points into the aggregate where the mistake is there', async () => {
    const result = await answered({}, 'query', 'country = "DE"', '--aggregate', 'sum of total ovr "E"');
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('1 | sum of total ovr "E"');
    expect(asked).toEqual([]);
  });

  it('--by shows groups with bars, the rest and the total', async () => {
    const answer = {
      groups: [
        { values: ['DE', 2024], profiles: 30, events: 40, value: 1.5 },
        { values: [null, true], profiles: 5, events: 10, value: null },
      ],
      rest: { groups: 2, profiles: 3, events: 4 },
      total: { groups: 4, profiles: 36, events: 54 },
      tookMs,
    };
    const result = await answered(
      answer,
      'query',
      '--by',
      'country,property:year,period:month',
      '--event',
      'Order Completed where total > 5',
      '--aggregate',
      'avg of total over "Order Completed"',
      '--time-zone',
      'Europe/Berlin',
      '--limit',
      '2',
    );
    expect(lastBody()).toEqual({
      as: 'breakdown',
      breakdown: {
        by: [{ trait: 'country' }, { property: 'year' }, { period: 'month', timeZone: 'Europe/Berlin' }],
        event: 'Order Completed',
        where: [{ property: 'total', op: 'gt', value: 5 }],
        aggregate: { fn: 'avg', property: 'total' },
        limit: 2,
      },
    });
    expect(result.stdout).toContain('│ DE      │ 2024 ');
    expect(result.stdout).toContain('████████████████████████');
    expect(result.stdout).toContain('(none)');
    expect(result.stdout).toContain(
      'and 2 more groups, of 3 profiles; --limit shows them\n4 groups, 54 events of 36 profiles (1.0 ms)\n',
    );
    expect((await answered(answer, 'query', '--by', 'period:eon', '--event', 'E')).stderr).toContain(
      'a period is one of',
    );
  });
});

describe('analyses', () => {
  const step = { event: 'A', count: 10, rate: 1, rateOfFirst: 1, dropOff: 0, medianMs: null };
  const second = { event: 'B', count: 4, rate: 0.4, rateOfFirst: 0.4, dropOff: 6, medianMs: 90_000 };

  it('funnel takes steps as one writes them', async () => {
    const answer = {
      steps: [step, second],
      groups: [
        { value: 'DE', steps: [step, second] },
        { value: null, steps: [step, second] },
      ],
      tookMs,
    };
    const result = await answered(
      answer,
      'funnel',
      'A',
      'B where total > 5 without "C"',
      '"It\'s where" where (a = 1, b = 2)',
      '--within',
      '1d',
      '--by',
      'country',
      '--last',
      '90d',
      '--where',
      'plan = "pro"',
    );
    expect(lastBody()).toEqual({
      where: 'plan = "pro"',
      as: 'funnel',
      funnel: {
        steps: [
          { event: 'A' },
          { event: 'B', where: [{ property: 'total', op: 'gt', value: 5 }], without: { event: 'C' } },
          {
            event: "It's where",
            where: [
              { property: 'a', op: 'eq', value: 1 },
              { property: 'b', op: 'eq', value: 2 },
            ],
          },
        ],
        within: '1d',
        window: { last: '90d' },
        by: { trait: 'country' },
      },
    });
    expect(result.stdout).toContain('│ 2 B  │        4 │ 40.0 %');
    expect(result.stdout).toContain('1.5 min');
    expect(result.stdout).toContain('4 of 10 came through: 40.0 % (1.0 ms)');
    expect((await answered(answer, 'funnel', 'A', 'B where x')).exitCode).toBe(1);
  });

  it('retention is a triangle of shares or of counts', async () => {
    const cohorts = [
      { cohort: '2026-01-01', size: 4, counts: [4, 2, 1], rates: [1, 0.5, 0.25] },
      { cohort: '2026-02-01', size: 3, counts: [3, 0, null], rates: [1, 0, null] },
    ];
    const args = [
      'retention',
      '--cohort',
      'Signed Up',
      '--return',
      'Order Completed where total > 20',
      '--period',
      'week',
    ];
    const result = await answered({ cohorts, tookMs }, ...args, '--periods', '2');
    expect(lastBody()).toEqual({
      as: 'retention',
      retention: {
        cohort: { event: 'Signed Up' },
        return: { event: 'Order Completed', where: [{ property: 'total', op: 'gt', value: 20 }] },
        period: 'week',
        periods: 2,
      },
    });
    expect(result.stdout).toContain('│ 2026-02-01 │        3 │ 100% │ 0%  │     │');
    expect((await answered({ cohorts, tookMs }, ...args, '--counts')).stdout).toContain(
      '│ 2026-01-01 │        4 │  4 │  2 │ 1  │',
    );
  });

  it('rfm shows cells, and customers when asked', async () => {
    const member = {
      id: 'u1',
      cell: 'champions',
      recency: 5,
      frequency: 4,
      monetary: 5,
      lastAt: '2026-01-01T00:00:00.000Z',
      orders: 3,
      revenue: 9.5,
    };
    const answer = {
      customers: 4,
      orders: 8,
      revenue: 100,
      thresholds: { recencyMs: [], frequency: [], monetary: [] },
      cells: [{ cell: 'champions', count: 1, orders: 3, revenue: 60 }],
      scores: [],
      members: [member],
      tookMs,
    };
    const result = await answered(answer, 'rfm', '--cell', 'champions');
    expect(lastBody()).toEqual({
      as: 'rfm',
      rfm: { event: 'Order Completed', amount: 'total', members: { limit: 20, cell: 'champions' } },
    });
    expect(result.stdout).toContain('│ u1 │ champions │ 5 4 5 │');
    expect(result.stdout).toContain('4 customers, 8 orders, revenue 100 (1.0 ms)');
  });

  it('overlap takes keys and named conditions', async () => {
    const answer = {
      segments: [{ name: 'a', count: 5 }],
      pairs: [{ a: 'a', b: 'de', both: 1, onlyA: 4, onlyB: 0, jaccard: 0.2 }],
      tookMs,
    };
    const result = await answered(answer, 'overlap', 'a', 'de=country = "DE"');
    expect(lastBody()).toEqual({
      as: 'overlap',
      overlap: { segments: ['a', { name: 'de', where: 'country = "DE"' }] },
    });
    expect(result.stdout).toContain('20.0 %');
  });

  it('--json gives the answer as it came', async () => {
    const answer = { steps: [step], tookMs, watermark: [1] };
    expect(JSON.parse((await answered(answer, 'funnel', 'A', '--json')).stdout)).toEqual(answer);
  });
});

describe('segment', () => {
  const segment = {
    key: 'german',
    name: 'Germany',
    where: {},
    text: 'country = "DE"',
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-02T00:00:00.000Z',
  };

  it('saves, shows, lists and deletes', async () => {
    const saved = await answered(segment, 'segment', 'save', 'german', 'country = "DE"', '--name', 'Germany');
    expect(asked.at(-1)).toEqual({
      path: '/v1/segments/german',
      method: 'PUT',
      body: { where: 'country = "DE"', name: 'Germany' },
    });
    expect(saved.stdout).toBe('saved german: country = "DE"\n');
    const shown = await answered({ ...segment, count: 7 }, 'segment', 'show', 'german');
    expect(shown.stdout).toContain('Germany\ncountry = "DE"\n7 profiles; made 2026-01-01');
    const list = await answered({ segments: [segment], count: 7 }, 'segment', 'list', '--counts');
    expect(list.stdout).toContain('│ german │        7 │ Germany │ country = "DE" │');
    const gone = await answered({ deleted: true }, 'segment', 'delete', 'a b');
    expect([asked.at(-1)?.method, asked.at(-1)?.path]).toEqual(['DELETE', '/v1/segments/a%20b']);
    expect(gone.stdout).toBe('deleted a b\n');
  });

  it('points at the mistake in a condition', async () => {
    const error = { code: 'unknown_segment', message: 'there is no segment "x"', details: { position: 11, end: 12 } };
    server.intercept = () => ({ status: 400, body: { error } });
    const result = await runCommand(['segment', 'save', 'a', 'in segment x', '--url', server.url]);
    expect([result.exitCode, result.stderr]).toEqual([
      1,
      expect.stringContaining('1 | in segment x\n               ^'),
    ]);
  });

  it('pages through members', async () => {
    const all = Array.from({ length: 25_000 }, (_, i) => `u${i}`);
    server.intercept = (path) => {
      const query = new URL(path, server.url).searchParams;
      const start = Number(query.get('cursor') ?? 0);
      const end = start + Number(query.get('limit'));
      return {
        status: 200,
        body: { ids: all.slice(start, end), ...(end < all.length ? { cursor: String(end) } : {}), tookMs },
      };
    };
    const result = await runCommand(['segment', 'members', 'a', '--url', server.url]);
    expect(result.stdout.trim().split('\n')).toEqual(all);
  });
});

describe('schema and why', () => {
  const field = {
    name: 'total',
    types: [
      { type: 'number', count: 5 },
      { type: 'string', count: 1 },
    ],
    count: 6,
    distinct: 1234,
    isDistinctExact: false,
    firstAt: '2026-01-01T00:00:00.000Z',
    lastAt: null,
    sources: ['track'],
    examples: [1.5, 'x'],
  };

  it('schema shows tables', async () => {
    const event = {
      name: 'E',
      count: 6,
      profiles: 2,
      firstAt: null,
      lastAt: null,
      sources: ['track'],
      properties: [field],
    };
    const all = await answered({ profiles: 3, events: [event], traits: [{ ...field, firstAt: null }] }, 'schema');
    expect(asked.at(-1)?.path).toBe('/v1/schema');
    expect(all.stdout).toContain('number 5, string 1');
    expect(all.stdout).toContain('≈ 1,234');
    const one = await answered(
      { profiles: 3, events: [event], traits: [] },
      'schema',
      '--event',
      'E x',
      '--no-examples',
    );
    expect(asked.at(-1)?.path).toBe('/v1/schema?event=E+x');
    expect(one.stdout).toContain('E: 6 events of 2 profiles');
    expect(one.stdout).not.toContain('1.5, x');
    expect((await answered({ profiles: 3, events: [], traits: [] }, 'schema', '--trait', 'x')).stderr).toContain(
      'nobody',
    );
  });

  it('why shows the tree with what was seen', async () => {
    const leaf = { text: 'country = "DE"', isTrue: true, saw: { values: ['DE'] }, changesAt: null };
    const other = { text: 'did "E" in last 7d', isTrue: false, saw: { count: 0 }, changesAt: null };
    const why = { text: 'a', isTrue: false, changesAt: '2026-02-01T00:00:00.000Z', of: [leaf, other] };
    const result = await answered(
      { id: 'u1', isMember: false, changesAt: why.changesAt, why, at: '2026-01-01T00:00:00.000Z' },
      'why',
      'u1',
      'country = "DE" and did "E" in last 7d',
    );
    expect(lastBody()).toEqual({ id: 'u1', where: 'country = "DE" and did "E" in last 7d' });
    expect(result.stdout).toBe(
      [
        'u1 does not fit, until 2026-02-01T00:00:00.000Z if nothing new comes',
        '✗ a  until 2026-02-01T00:00:00.000Z',
        '├─ ✓ country = "DE"  saw values DE',
        '└─ ✗ did "E" in last 7d  saw count 0',
        '',
      ].join('\n'),
    );
  });
});
