import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer } from './fake-server.ts';
import { runCommand } from './run-command.ts';

let server: FakeServer;
let folder: string;

beforeEach(async () => {
  server = await FakeServer.start();
  folder = mkdtempSync(join(tmpdir(), 'kith-cli-'));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('help', () => {
  it.each([[], ['serve'], ['import'], ['query'], ['get'], ['export'], ['generate']])(
    'of kith %s teaches by examples',
    async (...command) => {
      const result = await runCommand([...command, '--help']);
      expect(result.exitCode).toBe(0);
      expect(result.stdout).toContain('Examples:');
    },
  );

  it.each([[['nonsense']], [['query', '--as', 'song']], [['get']], [['generate', '--profiles', 'x']]])(
    '%j fails and tells why',
    async (args) => {
      const result = await runCommand(args);
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain('error');
      expect(result.stdout).toBe('');
    },
  );
});

describe('query', () => {
  it('answers a count, for people and for programs', async () => {
    let asked: unknown;
    server.intercept = (_, body) => {
      asked = body;
      return { status: 200, body: { count: 4338, tookMs: 3.25, watermark: [7] } };
    };
    const text = 'country = "DE"';
    const people = await runCommand(['query', text, '--at', '2024-01-01', '--url', server.url]);
    expect(people.stdout).toBe('4,338 profiles (3.3 ms)\n');
    expect(asked).toEqual({ where: text, as: 'count', at: '2024-01-01' });
    const program = await runCommand(['query', '--json', '--url', server.url]);
    expect(JSON.parse(program.stdout)).toMatchObject({ count: 4338 });
    expect(asked).toEqual({ as: 'count' });
  });

  it('takes a condition as JSON, and points at the mistake in it', async () => {
    let asked: unknown;
    server.intercept = (_, body) => {
      asked = body;
      return { status: 200, body: { count: 3, tookMs: 1, watermark: [7] } };
    };
    const people = await runCommand(['query', ' {"not":{"trait":"plan","op":"exists"}}', '--url', server.url]);
    expect(people.stdout).toBe('3 profiles (1.0 ms)\n');
    expect(asked).toEqual({ where: { not: { trait: 'plan', op: 'exists' } }, as: 'count' });
    const bad = await runCommand(['query', '{"not":}', '--url', server.url]);
    expect([bad.exitCode, bad.stdout]).toEqual([1, '']);
    expect(bad.stderr).toContain('line 1, column 8: a condition in JSON needs a value here\n1 | {"not":}\n');
  });

  it('pages through ids to the end, or to the limit', async () => {
    const all = Array.from({ length: 25_000 }, (_, index) => `u${index}`);
    server.intercept = (_, body) => {
      const { limit, cursor } = body as { limit: number; cursor?: string };
      const start = Number(cursor ?? 0);
      const end = start + limit;
      const next = end < all.length ? { cursor: String(end) } : {};
      return { status: 200, body: { ids: all.slice(start, end), ...next, tookMs: 1 } };
    };
    const everyone = await runCommand(['query', '--as', 'ids', '--url', server.url]);
    expect(everyone.stdout.trim().split('\n')).toEqual(all);
    const some = await runCommand(['query', '--as', 'ids', '--limit', '12000', '--url', server.url]);
    expect(some.stdout.trim().split('\n')).toHaveLength(12_000);
  });

  it('shows profiles as a table of chosen fields', async () => {
    const profiles = [
      { id: 'u1', traits: { ltv: 12.5, address: { city: 'Bern' } }, last_seen: '2024-01-01T00:00:00.000Z' },
    ];
    server.intercept = () => ({ status: 200, body: { profiles, tookMs: 1 } });
    const result = await runCommand(['query', '--as', 'profiles', '--fields', 'ltv,address.city', '--url', server.url]);
    expect(result.stdout).toContain('│ u1 │ 12.5 │ Bern');
  });

  it('points at the mistake in a text', async () => {
    const details = { position: 8, end: 10 };
    const error = { code: 'query_syntax', message: 'expected an operator', details };
    server.intercept = () => ({ status: 400, body: { error } });
    const result = await runCommand(['query', 'country ?? "DE"', '--url', server.url]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('line 1, column 9: expected an operator\n1 | country ?? "DE"\n            ^^');
    const json = await runCommand(['query', 'country ?? "DE"', '--json', '--url', server.url]);
    expect(JSON.parse(json.stderr)).toEqual({ error });
  });
});

describe('get', () => {
  const profile = {
    id: 'u1',
    identifiers: [
      { type: 'user_id', value: 'u1' },
      { type: 'email', value: 'a@b.c' },
    ],
    traits: { zip: 8000, address: { city: 'Zürich' }, evil: '\u001b[2Jx' },
    first_seen: '2024-01-01T00:00:00.000Z',
    last_seen: '2024-02-01T00:00:00.000Z',
    counts: { A: 1, B: 1234 },
    segments: [],
    events: [{ event: 'B', timestamp: '2024-02-01T00:00:00.000Z', properties: { n: 1 }, messageId: 'm' }],
  };

  it('shows traits, counts and events, and no control characters', async () => {
    server.intercept = () => ({ status: 200, body: profile });
    const result = await runCommand([
      'get',
      'email:a b/c@d',
      '--events',
      '5',
      '--fields',
      'zip,address',
      '--url',
      server.url,
    ]);
    expect(server.requests[0].path).toBe('/v1/profiles/email:a%20b%2Fc%40d?fields=zip%2Caddress&events=5');
    expect(result.stdout).toMatch(/address\.city\s+│ Zürich/);
    expect(result.stdout).toMatch(/zip\s+│ 8000/);
    expect(result.stdout).toMatch(/B\s+│ 1,234/);
    expect(result.stdout).toContain('n=1');
    expect(result.stdout).toContain('\\u001b[2Jx');
    expect(result.stdout).not.toContain('\u001b');
  });

  it('unknown id fails with the code', async () => {
    server.intercept = () => ({
      status: 404,
      body: { error: { code: 'profile_not_found', message: 'no profile nobody' } },
    });
    const result = await runCommand(['get', 'nobody', '--url', server.url]);
    expect(result).toMatchObject({ exitCode: 1, stdout: '', stderr: 'error no profile nobody (profile_not_found)\n' });
  });

  it('a server that is not there is named, with how to start it', async () => {
    const { url } = server;
    await server.close();
    const result = await runCommand(['get', 'u1', '--url', url]);
    server = await FakeServer.start();
    expect(result.stderr).toContain('kith serve');
    const nowhere = await runCommand(['get', 'u1', '--url', 'localhost:8080']);
    expect([nowhere.exitCode, nowhere.stderr]).toEqual([
      1,
      'error "localhost:8080" is not the URL of a server, such as http://127.0.0.1:8080 (invalid_request)\n',
    ]);
  });
});

describe('keys of the commands', () => {
  it('come from the flag, the environment or the data folder', async () => {
    server.intercept = () => ({ status: 200, body: { count: 0, tookMs: 0 } });
    writeFileSync(join(folder, 'keys.json'), '{"writeKey":"file-write","adminKey":"file-admin"}');
    const environment = { KITH_READ_KEY: 'env-read' };
    await runCommand(['query', '--url', server.url, '--key', 'flag'], { environment });
    await runCommand(['query', '--url', server.url], { environment });
    await runCommand(['query'], { environment: { KITH_URL: server.url, KITH_DATA: folder } });
    await runCommand(['generate', '--send', '--profiles', '1', '--events', '1', '--url', server.url, '--data', folder]);
    const keys = server.requests.map(({ key }) => key);
    expect(keys).toEqual(['Bearer flag', 'Bearer env-read', 'Bearer file-admin', 'Bearer file-write']);
  });
});

describe('export', () => {
  const lines = '{"id":"u1"}\n{"id":"u2"}\n';

  it('writes lines to standard output or to a packed file', async () => {
    server.intercept = () => ({ status: 200, body: lines });
    const piped = await runCommand(['export', '--events', '--url', server.url]);
    expect(piped.stdout).toBe(lines);
    expect(server.requests[0].path).toBe('/v1/export?events=1');
    const path = join(folder, 'out.ndjson.gz');
    const filed = await runCommand(['export', '-o', path, '--url', server.url]);
    expect(gunzipSync(readFileSync(path)).toString()).toBe(lines);
    expect(filed).toMatchObject({ exitCode: 0, stdout: '', stderr: `2 profiles in ${path}\n` });
  });

  it('to a folder that is not there fails', async () => {
    server.intercept = () => ({ status: 200, body: lines });
    const result = await runCommand(['export', '-o', join(folder, 'no', 'out'), '--url', server.url]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('cannot write');
  });
});

describe('generate', () => {
  const size = ['--profiles', '20', '--events', '100', '--end', '2026-01-01'];

  it('gives the same items into a file, a pipe and a server', async () => {
    const piped = await runCommand(['generate', ...size]);
    const path = join(folder, 'items.ndjson.gz');
    expect((await runCommand(['generate', ...size, '-o', path])).exitCode).toBe(0);
    expect(gunzipSync(readFileSync(path)).toString()).toBe(piped.stdout);
    expect((await runCommand(['generate', ...size, '--send', '--url', server.url])).exitCode).toBe(0);
    const byId = (a: string, b: string): number => (a < b ? -1 : 1);
    expect(server.items.map((item) => JSON.stringify(item)).sort(byId)).toEqual(
      piped.stdout.trim().split('\n').sort(byId),
    );
    expect(server.items).toHaveLength(120);
  });

  it('without traits gives events only', async () => {
    const result = await runCommand(['generate', ...size, '--no-traits', '--seed', '7']);
    expect(result.stdout.trim().split('\n')).toHaveLength(100);
    expect(result.stdout).not.toContain('identify');
  });
});
