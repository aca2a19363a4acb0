import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from './run-command.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

let data: string;
beforeEach(() => {
  data = join(mkdtempSync(join(tmpdir(), 'kith-serve-')), 'data');
});
afterEach(() => rmSync(join(data, '..'), { recursive: true }));

interface Serving {
  readonly url: string;
  readonly stderr: () => string;
  stop(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly stdout: string }>;
}

async function serve(...flags: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, [
    MAIN,
    'serve',
    '--port',
    '0',
    '--data',
    data,
    '--log-level',
    'warn',
    ...flags,
  ]);
  let stdout = '';
  let stderr = '';
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes('\n')) resolve();
    });
    void exited.then((code) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  return {
    url: stdout.trim().replace('kith listening on ', ''),
    stderr: () => stderr,
    stop: async (signal) => {
      child.kill(signal);
      return { code: await exited, stdout };
    },
  };
}

/** Runs a command as a process of its own, fed with another one's output. */
async function pipe(source: { readonly stdout: string }, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...args]);
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stdin.end(source.stdout);
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(0);
  return stdout;
}

/** A line of an export without the order of what has none. */
function comparable(line: string): string {
  const profile = JSON.parse(line) as Record<string, unknown> & { identifiers: object[] };
  const sorted = (object: unknown): unknown => Object.fromEntries(Object.entries(object as object).sort());
  const identifiers = profile.identifiers.map((one) => JSON.stringify(one)).sort();
  return JSON.stringify({
    ...profile,
    identifiers,
    traits: sorted(profile['traits']),
    counts: sorted(profile['counts']),
  });
}

describe('kith serve', () => {
  it('says where it listens, makes keys once, and keeps everything over a restart', async () => {
    const first = await serve();
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(first.stderr()).toMatch(/write key {2}\S+\n {2}admin key {2}\S+/);
    expect(statSync(join(data, 'keys.json')).mode & 0o777).toBe(0o600);
    // Made by whoever comes first, for this user alone: it holds what is known of people.
    expect(statSync(data).mode & 0o777).toBe(0o700);
    const connection = ['--url', first.url, '--data', data];
    const size = ['--profiles', '50', '--events', '500', '--end', '2026-01-01'];
    expect(await runCommand(['generate', '--send', ...size, ...connection])).toMatchObject({ exitCode: 0 });
    const piped = await pipe(await runCommand(['generate', ...size, '--seed', '1', '--no-traits']), [
      'import',
      '-',
      ...connection,
    ]);
    expect(piped).toMatch(/ 500 │ +500 │/);
    const ended = await first.stop('SIGTERM');
    expect(ended).toEqual({ code: 0, stdout: `kith listening on ${first.url}\n` });

    const second = await serve('--port', '0');
    expect(second.stderr()).toBe('');
    const again = ['--url', second.url, '--data', data];
    expect((await runCommand(['query', ...again])).stdout).toMatch(/^50 profiles/);
    expect((await runCommand(['get', 'user-0000007', ...again])).stdout).toContain('@example.com');
    const refused = await runCommand(['query', '--key', 'wrong-key', ...again]);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.stderr).toContain('(unauthorized)');
    const people = [
      '{"type":"identify","userId":"ada","traits":{"email":"Ada@example.com","a":{"b":[1,null]},"__proto__":1},"timestamp":"2020-01-01T00:00:00Z"}',
      '{"type":"alias","userId":"ada","previousId":"a.king","timestamp":"2020-01-02T00:00:00Z"}',
      '{"type":"identify","userId":"ada","anonymousId":"tablet","timestamp":"2021-01-01T00:00:00Z"}',
      '{"type":"group","userId":"ada","groupId":"g","traits":{"plan":"pro"},"timestamp":"2020-06-01T00:00:00Z"}',
      '{"type":"page","anonymousId":"nobody","name":"Home","context":{"ip":"1.2.3.4"},"timestamp":"2020-06-01T00:00:00Z"}',
    ];
    expect(await pipe({ stdout: people.join('\n') }, ['import', '-', ...again])).toMatch(/ 5 │ +5 │/);
    const file = join(data, 'all.ndjson');
    expect((await runCommand(['export', '--events', '-o', file, ...again])).exitCode).toBe(0);
    expect((await second.stop('SIGINT')).code).toBe(0);

    // Into another folder, with another number of shards.
    const other = `${data}-other`;
    const third = await serve('--data', other, '--shards', '3');
    const there = ['--url', third.url, '--data', other];
    const imported = await runCommand(['import', file, '--json', ...there]);
    expect(JSON.parse(imported.stdout)).toMatchObject({ rows: 52, refused: 0, duplicates: 0 });
    const lines = (text: string): unknown[] => text.trimEnd().split('\n').map(comparable).sort();
    expect(lines((await runCommand(['export', '--events', ...there])).stdout)).toEqual(
      lines(readFileSync(file, 'utf8')),
    );
    expect((await runCommand(['query', '--of', 'accounts', 'plan = "pro"', ...there])).stdout).toMatch(/^1 accounts/);
    expect((await third.stop('SIGINT')).code).toBe(0);
  });

  it('tells what is wrong with the options and does not start', async () => {
    await expect(serve('--host', '0.0.0.0')).rejects.toThrow('will not listen on 0.0.0.0 without keys');
    await expect(serve('--shards', 'many')).rejects.toThrow('the flag --shards: shards must be a whole number');
    await expect(serve('--config', '/nonexistent.json')).rejects.toThrow('/nonexistent.json');
    expect(existsSync(data)).toBe(false);
  });
});
