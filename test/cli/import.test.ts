import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer } from './fake-server.ts';
import { type CommandResult, type CommandWorld, runCommand } from './run-command.ts';

let server: FakeServer;
let folder: string;

beforeEach(async () => {
  server = await FakeServer.start();
  folder = mkdtempSync(join(tmpdir(), 'kith-import-'));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function importFiles(args: readonly string[], world?: CommandWorld): Promise<CommandResult> {
  return runCommand(['import', '--url', server.url, '--key', 'k', ...args], world);
}

const ORDERS = `Invoice,Customer,Date,Quantity,Unit Price,Country
1,17850.0,2010-12-01 08:26:00,6,2.55,United Kingdom
1,17850.0,2010-12-01 08:26:00,2,3.39,United Kingdom
2,,2010-12-02 09:00:00,1,10,France
3,12347.0,2010-12-03 10:00:00,-4,1.25,"Iceland, Republic of"
`;
const ORDER_FLAGS = [
  ...[
    '--event',
    'Order Completed',
    '--user-id',
    'Customer:integer',
    '--anonymous-id',
    'Invoice',
    '--timestamp',
    'Date',
  ],
  ...[
    '--property',
    'quantity=Quantity:number',
    '--property',
    'revenue=Quantity*[Unit Price]',
    '--trait',
    'country=Country',
  ],
];

describe('CSV', () => {
  it('becomes track items, and identify items where the traits are new', async () => {
    const path = file('orders.csv', ORDERS);
    const result = await importFiles([path, ...ORDER_FLAGS, '--in-flight', '1']);
    expect(result.exitCode).toBe(0);
    const withoutIds = server.items.map(({ messageId: _, ...item }) => item);
    const uk = { country: 'United Kingdom' };
    expect(withoutIds).toEqual([
      { type: 'identify', userId: '17850', timestamp: '2010-12-01T08:26:00.000Z', traits: uk },
      track('17850', undefined, '2010-12-01T08:26:00.000Z', { quantity: 6, revenue: 15.3 }),
      track('17850', undefined, '2010-12-01T08:26:00.000Z', { quantity: 2, revenue: 6.78 }),
      { type: 'identify', anonymousId: '2', timestamp: '2010-12-02T09:00:00.000Z', traits: { country: 'France' } },
      track(undefined, '2', '2010-12-02T09:00:00.000Z', { quantity: 1, revenue: 10 }),
      {
        type: 'identify',
        userId: '12347',
        timestamp: '2010-12-03T10:00:00.000Z',
        traits: { country: 'Iceland, Republic of' },
      },
      track('12347', undefined, '2010-12-03T10:00:00.000Z', { quantity: -4, revenue: -5 }),
    ]);
    expect(new Set(server.items.map((item) => item['messageId'])).size).toBe(7);
    expect(result.stdout).toContain('items accepted');
  });

  it('sends the key, and gzip unless told not to', async () => {
    const path = file('orders.csv', ORDERS);
    expect((await importFiles([path, ...ORDER_FLAGS, '--no-gzip'])).exitCode).toBe(0);
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/v1/import', key: 'Bearer k' });
  });

  it.each([
    ['packed', 'orders.csv.gz', gzipSync(ORDERS)],
    ['packed under another name', 'orders.csv', gzipSync(ORDERS)],
    ['with a byte order mark', 'orders.csv', Buffer.from(`\uFEFF${ORDERS}`)],
    ['with Windows line ends', 'orders.csv', Buffer.from(ORDERS.replaceAll('\n', '\r\n'))],
    ['without a last line end', 'orders.csv', Buffer.from(ORDERS.trimEnd())],
  ])('%s is read too', async (_, name, content) => {
    expect((await importFiles([file(name, content), ...ORDER_FLAGS])).exitCode).toBe(0);
    expect(server.items).toHaveLength(7);
  });

  it('of another encoding is decoded', async () => {
    const path = file('people.csv', Buffer.from('id,city\n1,M\xfcnchen\n', 'latin1'));
    await importFiles([path, '--user-id', 'id', '--auto', '--encoding', 'windows-1252']);
    expect(server.items[0]['traits']).toEqual({ city: 'München' });
  });

  it('auto makes all other columns properties of detected types', async () => {
    const path = file(
      'mixed.csv',
      'id;when;n;code;flag;empty;a.b\n1;2024-02-03;1.5;007;true;;x\n2;2024-02-04;-2;12;false;;y\n',
    );
    await importFiles([
      path,
      '--delimiter',
      ';',
      '--event',
      'E',
      '--user-id',
      'id',
      '--timestamp',
      'when',
      '--auto',
      '--in-flight',
      '1',
    ]);
    expect(server.items.map((item) => item['properties'])).toEqual([
      { n: 1.5, code: '007', flag: true, 'a.b': 'x' },
      { n: -2, code: '12', flag: false, 'a.b': 'y' },
    ]);
  });

  it('nests names with dots and takes __proto__ as a name like any other', async () => {
    const path = file('people.csv', 'userId,City\n1,Bern\n');
    await importFiles([path, '--trait', 'address.city=City', '--trait', '__proto__.x=City']);
    expect(JSON.stringify(server.items[0]['traits'])).toBe('{"address":{"city":"Bern"},"__proto__":{"x":"Bern"}}');
  });

  it('refuses bad rows with their numbers and imports the others', async () => {
    const path = file(
      'bad.csv',
      'id,n,when\n1,1,2024-01-01\n2,x,2024-01-01\n3,3\n,4,2024-01-01\n5,5,2024-02-30\n6,6,2024-01-01\n7,"7"x,2024-01-01\n8,8,2024-01-01\n9,"9",2024-01-01\n10,10,2024-01-01\n',
    );
    const rejects = join(folder, 'rejects.ndjson');
    const flags = ['--event', 'E', '--user-id', 'id', '--timestamp', 'when', '--property', 'n=n:number'];
    const result = await importFiles([path, ...flags, '--rejects', rejects, '--json']);
    expect(result.exitCode).toBe(2);
    expect(server.items.map((item) => item['userId']).sort()).toEqual(['1', '10', '6']);
    const report = JSON.parse(result.stdout) as { refusedByCode: object; rows: number; accepted: number };
    expect(report).toMatchObject({ rows: 10, accepted: 3, refused: 7 });
    expect(report.refusedByCode).toEqual({
      invalid_number: 1,
      malformed_csv: 4,
      missing_user: 1,
      invalid_timestamp: 1,
    });
    const refused = readFileSync(rejects, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { row: number });
    expect(refused.map(({ row }) => row)).toEqual([3, 4, 5, 6, 8, 9, 10]);
  });

  it('numbers rows by the line on which they begin, whatever their line ends', async () => {
    for (const end of ['\n', '\r\n']) {
      const lines = ['userId,text', '1,"two', 'lines"', '', '2,x', 'bad', '3,"a', '', 'b"', 'bad'];
      const path = file(`lines${end.length}.csv`, lines.join(end));
      const result = await importFiles([path, '--event', 'E', '--property', 'text', '--json']);
      const report = JSON.parse(result.stdout) as { firstRefusals: { row: number }[] };
      expect(report.firstRefusals.map(({ row }) => row)).toEqual([6, 10]);
    }
  });

  it('accounts for every line that an unclosed quote takes along', async () => {
    const path = file('open.csv', 'userId,text\n1,a\n2,"b\n3,c\n4,d\n');
    const result = await importFiles([path, '--event', 'E', '--property', 'text', '--json']);
    expect(result.exitCode).toBe(2);
    expect(JSON.parse(result.stdout)).toMatchObject({ accepted: 1, refused: 3 });
  });

  it('takes stray quotes as they stand when relaxed', async () => {
    const path = file('stray.csv', 'userId,text\n1,15" screen\n');
    await importFiles([path, '--event', 'E', '--property', 'text', '--relaxed']);
    expect(server.items[0]['properties']).toEqual({ text: '15" screen' });
  });

  it('shows what the server refused with the row and the reason', async () => {
    server.intercept = (_, body) => {
      const { batch } = body as { batch: { properties: { n: string } }[] };
      const index = batch.findIndex((item) => item.properties.n === 'bad');
      const rejected = [{ index, code: 'too_deep', message: 'nested too deep' }];
      return { status: 200, body: { success: true, accepted: batch.length - 1, duplicates: 0, rejected } };
    };
    const path = file('rows.csv', 'userId,n\n1,a\n2,bad\n3,c\n');
    const result = await importFiles([path, '--event', 'E', '--property', 'n', '--in-flight', '1']);
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toMatch(/3\s+│ too_deep │ nested too deep/);
  });

  it('passes over rows by --skip-if-empty', async () => {
    const path = file('orders.csv', ORDERS);
    const result = await importFiles([path, ...ORDER_FLAGS, '--skip-if-empty', 'Customer', '--json']);
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ rows: 4, skipped: 1, refused: 0, accepted: 5 });
  });

  it.each([
    [['--user-id', 'Nobody', '--event', 'E'], 'there is no column "Nobody"; the file has Invoice, Customer'],
    [['--user-id', 'Customer'], 'nothing to import from a row'],
    [['--event', 'E'], 'which column names the user?'],
    [['--user-id', 'Customer', '--event', 'E', '--property', 'x=Quantity*'], 'did not expect the end'],
    [['--user-id', 'Customer', '--event', 'E', '--property', 'x=Quantity*Nope'], 'there is no column "Nope"'],
    [['--user-id', 'Customer', '--event', 'E', '--time-zone', 'Mars/Base'], 'is no time zone'],
    [['--user-id', 'Customer', '--event', 'E', '--timestamp-format', 'HH:mm'], 'is no timestamp format'],
  ])('refuses a mapping that cannot be: %j', async (flags, message) => {
    const result = await importFiles([file('orders.csv', ORDERS), ...flags]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(message);
    expect(server.items).toHaveLength(0);
  });

  it.each([
    ['empty.csv', '', 'the file is empty'],
    ['twice.csv', 'a,b,a\n1,2,3\n', 'names "a" twice'],
    ['torn.csv.gz', gzipSync(ORDERS.repeat(100)).subarray(0, 300), 'malformed_gzip'],
  ])('refuses a broken file: %s', async (name, content, message) => {
    const result = await importFiles([file(name, content), '--user-id', 'Customer', '--event', 'E']);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(message);
  });

  it('refuses rows that are not text in the encoding of the file, and the same command with the right one goes on', async () => {
    const flags = ['--user-id', 'id', '--auto', '--in-flight', '1'];
    const people = 'id,city\n1,Bern\n2,M\xfcnchen\n3,K\xf6ln';
    for (const name of ['people.csv', 'people.tsv']) {
      const content = Buffer.from(name.endsWith('tsv') ? people.replaceAll(',', '\t') : people, 'latin1');
      const path = file(name, content);
      const result = await importFiles([path, ...flags, '--json']);
      expect(result.exitCode).toBe(2);
      const report = JSON.parse(result.stdout) as { firstRefusals: { row: number; code: string; message: string }[] };
      expect(report.firstRefusals.map(({ row, code }) => [row, code])).toEqual([
        [3, 'invalid_value'],
        [4, 'invalid_value'],
      ]);
      expect(report.firstRefusals[0].message).toContain('--encoding');
      server.items.length = 0;
      await importFiles([path, ...flags, '--encoding', 'windows-1252']);
      expect(server.items.map((item) => item['traits'])).toEqual([
        { city: 'Bern' },
        { city: 'München' },
        { city: 'Köln' },
      ]);
    }
    const lines = Buffer.from('{"type":"identify","userId":"1","traits":{"city":"M\xfcnchen"}}\n', 'latin1');
    expect((await importFiles([file('items.ndjson', lines)])).stdout).toContain('invalid_value');
    const header = await importFiles([file('header.csv', Buffer.from('id,Stra\xdfe\n1,x\n', 'latin1')), ...flags]);
    expect([header.exitCode, header.stderr.includes('--encoding')]).toEqual([1, true]);
  });

  it('takes a character that lies across two pieces of the file, and U+FFFD where it was written', async () => {
    const path = file('long.csv', `id,text\n1,${'ü€😀'.repeat(60_000)}\n2,\uFFFD\n`);
    expect((await importFiles([path, '--user-id', 'id', '--auto'])).exitCode).toBe(0);
    expect(server.items.map((item) => (item['traits'] as { text: string }).text.length).sort()).toEqual([1, 240_000]);
  });

  it('with --relaxed afterwards reads the rows that were refused before', async () => {
    const path = file('stray.csv', 'userId,text\n1,15" screen\n2,x\n');
    const flags = ['--event', 'E', '--property', 'text', '--in-flight', '1'];
    expect((await importFiles([path, ...flags])).exitCode).toBe(2);
    const result = await importFiles([path, ...flags, '--relaxed', '--json']);
    expect([result.exitCode, JSON.parse(result.stdout)]).toMatchObject([0, { rows: 2, accepted: 1, duplicates: 1 }]);
    expect(server.items.map((item) => item['userId'])).toEqual(['2', '1']);
  });

  it('a row of a person without traits, or with the same again, is an identify item too', async () => {
    const path = file('people.csv', 'id,name\n1,a\n1,a\n2,\n');
    const result = await importFiles([path, '--user-id', 'id', '--auto', '--json', '--in-flight', '1']);
    expect(JSON.parse(result.stdout)).toMatchObject({ rows: 3, accepted: 3, skipped: 0, refused: 0 });
    expect(server.items.map((item) => [item['type'], item['userId'], item['traits']])).toEqual([
      ['identify', '1', { name: 'a' }],
      ['identify', '1', { name: 'a' }],
      ['identify', '2', undefined],
    ]);
  });

  it('auto keeps as text what does not look like the rows before', async () => {
    const zips = Array.from({ length: 1_001 }, (_, row) => `${row},${10_000 + row},true\n`).join('');
    const path = file('zips.csv', `id,zip,ok\n${zips}a,007,false\nb,K1A 0B1,maybe\n`);
    const result = await importFiles([path, '--user-id', 'id', '--auto', '--in-flight', '1']);
    expect(result.exitCode).toBe(0);
    expect(server.items.slice(-3).map((item) => item['traits'])).toEqual([
      { zip: 11_000, ok: true },
      { zip: '007', ok: false },
      { zip: 'K1A 0B1', ok: 'maybe' },
    ]);
  });

  it('refuses numbers that would become other ones', async () => {
    const path = file('big.csv', 'id,n\n1,9007199254740991\n2,9007199254740993\n3,1e20\n');
    const result = await importFiles([path, '--user-id', 'id', '--trait', 'n=n:number', '--in-flight', '1']);
    expect(result.stdout).toContain('n is an integer beyond 2^53; take it as a text');
    expect(server.items.map((item) => item['traits'])).toEqual([{ n: 9007199254740991 }, { n: 1e20 }]);
    const lines = '{"userId":"1","traits":{"n":9007199254740993}}\n{"userId":"2","traits":{"n":9007199254740992}}\n';
    const ndjson = await importFiles([file('big.ndjson', lines), '--json']);
    expect(JSON.parse(ndjson.stdout)).toMatchObject({ accepted: 1, refusedByCode: { invalid_number: 1 } });
  });

  it('tells of columns that are left out for want of a name, and of a likely delimiter', async () => {
    const nameless = await importFiles([file('index.csv', 'id,,n\n1,2,3\n'), '--user-id', 'id', '--auto']);
    expect([nameless.exitCode, nameless.stderr]).toEqual([
      0,
      'column 2 has no name in the header and will be left out; --columns names them\n',
    ]);
    const other = await importFiles([file('semi.csv', 'id;n\n1;2\n'), '--user-id', 'id', '--auto']);
    expect(other.stderr).toContain("the file has id;n in one column: is ';' its --delimiter?");
  });

  it('takes the mapping from a file, and flags over it', async () => {
    const mapping = {
      event: 'From File',
      userId: 'Customer:integer',
      properties: { q: 'Quantity:number' },
      skipIfEmpty: ['Customer'],
    };
    const map = file('map.json', JSON.stringify(mapping));
    await importFiles([
      file('orders.csv', ORDERS),
      '--map',
      map,
      '--event',
      'From Flag',
      '--property',
      'i=Invoice',
      '--in-flight',
      '1',
    ]);
    expect(server.items[0]).toMatchObject({ event: 'From Flag', userId: '17850', properties: { q: 6, i: '1' } });
    const bad = file('bad.json', '{"evnt":"x"}');
    expect((await importFiles([file('orders.csv', ORDERS), '--map', bad])).stderr).toContain('no key "evnt"');
  });
});

describe('NDJSON', () => {
  it('in Segment shape passes as it is, with message ids where there are none', async () => {
    const lines = [
      '{"type":"track","userId":"1","event":"E","messageId":"m1"}',
      '',
      '{"type":"page","anonymousId":"a"}',
      'nonsense',
      '[1]',
    ];
    const result = await importFiles([file('items.ndjson', lines.join('\n')), '--json', '--in-flight', '1']);
    expect(result.exitCode).toBe(2);
    expect(server.items).toEqual([
      { type: 'track', userId: '1', event: 'E', messageId: 'm1' },
      { type: 'page', anonymousId: 'a', messageId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
    ]);
    const report = JSON.parse(result.stdout) as { firstRefusals: { row: number }[] };
    expect(report.firstRefusals.map(({ row }) => row)).toEqual([4, 5]);
  });

  it('of an export becomes the calls that make the same people', async () => {
    const ada = [
      { type: 'user_id', value: 'ada' },
      { type: 'user_id', value: 'a.king' },
      { type: 'crm', value: '7' },
    ];
    const [first_seen, last_seen] = ['2020-01-01T00:00:00.000Z', '2021-01-01T00:00:00.000Z'];
    const lines = [
      { id: 'ada', identifiers: ada, traits: { city: 'Bonn' }, first_seen, last_seen, counts: { E: 1 } },
      { id: 'email:x@y.z', identifiers: [{ type: 'email', value: 'x@y.z' }], traits: {}, first_seen, last_seen },
    ];
    const path = file('people.ndjson', lines.map((line) => JSON.stringify(line)).join('\n'));
    const result = await importFiles([path, '--in-flight', '1']);
    expect([result.exitCode, result.stderr.includes('the export has no events')]).toEqual([2, true]);
    expect(result.stdout).toContain('missing_user');
    const externalIds = [{ type: 'crm', id: '7', collection: 'users', encoding: 'none' }];
    expect(server.items.map(({ messageId: _, ...item }) => item)).toEqual([
      { type: 'identify', userId: 'ada', timestamp: first_seen, context: { externalIds } },
      { type: 'alias', userId: 'ada', previousId: 'a.king', timestamp: first_seen },
      { type: 'identify', userId: 'ada', timestamp: last_seen, traits: { city: 'Bonn' } },
    ]);
    expect(new Set(server.items.map((item) => item['messageId'])).size).toBe(3);
  });

  it('of an export is refused by itself where it has not the form of one', async () => {
    const identifiers = [{ type: 'user_id', value: 'b' }];
    const lines = [
      { id: 'a', identifiers: [null] },
      { id: 'b', identifiers: [{ type: 'user_id', value: 7 }] },
      { id: 'c', identifiers, events: 5 },
      { id: 'd', identifiers, events: [null] },
      { id: 'e', identifiers, traits: { x: 1 }, events: [] },
    ];
    const path = file('people.ndjson', lines.map((line) => JSON.stringify(line)).join('\n'));
    const result = await importFiles([path, '--json']);
    const report = JSON.parse(result.stdout) as { firstRefusals: { row: number; code: string }[] };
    expect(report.firstRefusals.map(({ row, code }) => [row, code])).toEqual(
      [1, 2, 3, 4].map((row) => [row, 'invalid_item']),
    );
    expect(server.items).toHaveLength(2);
  });

  it('is mapped by paths, keeping the types of JSON', async () => {
    const path = file('orders.jsonl', '{"buyer":{"id":7},"n":3,"tags":["a"],"unit":2}\n');
    const flags = [
      '--event',
      'E',
      '--user-id',
      'buyer.id',
      '--property',
      'tags',
      '--property',
      'n',
      '--property',
      'sum=n*unit',
    ];
    await importFiles([path, ...flags]);
    expect(server.items[0]).toMatchObject({ userId: '7', properties: { tags: ['a'], n: 3, sum: 6 } });
  });
});

describe('the way to the server', () => {
  it('waits as long as Retry-After says, then goes on', async () => {
    let refusals = 2;
    server.intercept = () =>
      refusals-- > 0
        ? { status: 503, body: { error: { code: 'memory_limit', message: 'full' } }, headers: { 'retry-after': '7' } }
        : undefined;
    const result = await importFiles([file('orders.csv', ORDERS), ...ORDER_FLAGS, '--in-flight', '1']);
    expect(result.exitCode).toBe(0);
    expect(result.waitsMs).toEqual([7_000, 7_000]);
    expect(server.items).toHaveLength(7);
  });

  it('gives up with the server’s words when it refuses for good', async () => {
    server.intercept = () => ({ status: 401, body: { error: { code: 'unauthorized', message: 'Invalid Write Key' } } });
    const result = await importFiles([file('orders.csv', ORDERS), ...ORDER_FLAGS]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('Invalid Write Key');
    expect(result.waitsMs).toEqual([]);
  });

  it('halves a batch that is too large', async () => {
    server.intercept = (_, body) => {
      const { batch } = body as { batch: unknown[] };
      return batch.length > 2
        ? { status: 413, body: { error: { code: 'payload_too_large', message: 'large' } } }
        : undefined;
    };
    expect((await importFiles([file('orders.csv', ORDERS), ...ORDER_FLAGS, '--in-flight', '1'])).exitCode).toBe(0);
    expect(server.items).toHaveLength(7);
  });

  it('keeps the order of each user with many requests in flight', async () => {
    const rows = Array.from({ length: 2_000 }, (_, row) => `u${row % 17},${row}`);
    const path = file('rows.csv', `userId,n\n${rows.join('\n')}\n`);
    await importFiles([path, '--event', 'E', '--property', 'n=n:number', '--batch', '10', '--in-flight', '8']);
    const last = new Map<unknown, number>();
    for (const item of server.items) {
      const { n } = item['properties'] as { n: number };
      expect(n).toBeGreaterThan(last.get(item['userId']) ?? -1);
      last.set(item['userId'], n);
    }
    expect(server.items).toHaveLength(2_000);
  });
});

describe('after an interruption', () => {
  const rows = Array.from({ length: 3_000 }, (_, row) => `u${row},${row}`);
  const content = `userId,n\n${rows.join('\n')}\n`;
  const flags = ['--event', 'E', '--property', 'n=n:number', '--batch', '50', '--json'];

  it('by failure the same command goes on where it was, and nothing is missing or double', async () => {
    const path = file('rows.csv', content);
    let batches = 0;
    server.intercept = () =>
      ++batches > 20 ? { status: 400, body: { error: { code: 'invalid_request', message: 'broken' } } } : undefined;
    expect((await importFiles([path, ...flags])).exitCode).toBe(1);
    const sentBefore = server.items.length;
    expect(sentBefore).toBe(1_000);
    server.intercept = () => undefined;
    const result = await importFiles([path, ...flags]);
    expect(result.exitCode).toBe(0);
    const report = JSON.parse(result.stdout) as { continuedAfter: number; accepted: number; duplicates: number };
    expect(report.continuedAfter).toBeGreaterThan(0);
    expect(report).toMatchObject({ rows: 3_000, accepted: 3_000 });
    expect(server.items).toHaveLength(3_000);
  });

  it('by a signal it finishes what is under way and says how to go on', async () => {
    const path = file('rows.csv', content);
    let stop = (): void => {};
    server.intercept = () => {
      stop();
      return undefined;
    };
    const first = await importFiles([path, ...flags], { onStoppable: (callback) => (stop = callback) });
    expect(first.exitCode).toBe(130);
    const sent = server.items.length;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(3_000);
    server.intercept = () => undefined;
    const second = JSON.parse((await importFiles([path, ...flags])).stdout) as object;
    expect(second).toMatchObject({ continuedAfter: sent + 1, accepted: 3_000, duplicates: 0, rows: 3_000 });
  });

  it('a finished file is not sent again unless told to, and then is all duplicates', async () => {
    const path = file('rows.csv', content);
    await importFiles([path, ...flags]);
    const requestCount = server.requests.length;
    expect(JSON.parse((await importFiles([path, ...flags])).stdout)).toMatchObject({ outcome: 'done-before' });
    expect(server.requests).toHaveLength(requestCount);
    const again = JSON.parse((await importFiles([path, ...flags, '--restart'])).stdout) as object;
    expect(again).toMatchObject({ outcome: 'done', accepted: 0, duplicates: 3_000 });
  });

  it('what cannot be written is told before a row is sent', async () => {
    const path = file('rows.csv', content);
    const noState = await importFiles([path, ...flags, '--state-dir', join(folder, 'nowhere')]);
    const noRejects = await importFiles([path, ...flags, '--rejects', join(folder, 'nowhere', 'r')]);
    expect(noState).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--state-dir') as string });
    expect(noRejects).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cannot write') as string });
    expect(server.requests).toHaveLength(0);
  });

  it('a changed file starts anew', async () => {
    const path = file('rows.csv', content);
    await importFiles([path, ...flags]);
    writeFileSync(path, `${content}new,1\n`);
    expect(JSON.parse((await importFiles([path, ...flags])).stdout)).toMatchObject({ continuedAfter: 0, rows: 3_001 });
    expect(readdirSync(folder)).toContain('rows.csv.kith-progress.json');
  });
});

function track(
  userId: string | undefined,
  anonymousId: string | undefined,
  timestamp: string,
  properties: object,
): object {
  const ids = { ...(userId === undefined ? {} : { userId }), ...(anonymousId === undefined ? {} : { anonymousId }) };
  return { type: 'track', ...ids, timestamp, event: 'Order Completed', properties };
}
