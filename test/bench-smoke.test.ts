/**
 * Every bench at smoke size, so that none rots: it runs, its lines are well formed, both sides agree and what the seed
 * fixes is as it always was. No time is asserted. A peer that is not installed skips its ratio, not the bench.
 */
import { execFile } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { ResultLine } from '../bench/result.ts';

const TIMEOUT_MS = 180_000;

/** Answers of the first users that a smoke run looks up; they change when the generator does. */
const PROFILES = 'd78c11ed';
/** Batches of events before they are made new. */
const BATCHES = 'b34299cf';
/** Every user's counts of events, with and without visitors' ids. */
const COUNTS = 'fa7543cf';
/** Pairs that were compared and suggested; they change when the generator of people does, or the recipe. */
const PAIRS = 'a588fc3e';
/** Counts of profiles and events and the answer to one question. */
const CONTENT = '15190cd8';

/** Answers of the first users, and how many fit Q1. */
const GATHERED = 'c385d2ed';
/** Kinds and counts of the pairs that log in. */
const LOGINS = ['cad89626', '8f2252c4'];
/** The first user of the first of two shards. */
const FIRST_USER = '71ae7183';

/** Counts and users of each question of the segments bench, in the order of the questions. */
const QUESTIONS =
  'Q1:2255b359 Q2:6c8445ce Q3:8ff3bd9c Q4:539cbe41 Q5:662b26a2 Q6:e5b6a577 Q7:fbc2ef0a Q8:fbc2ef0a Q8b:b6c1be8d Q8c:f7eb1943 Q9:e0312ac9 Q10:fbc2ef0a Q11:fbc2ef0a Q12:fbc2ef0a Q13:9b04013d Q14:e0006d62 Q15:fbc2ef0a';

interface Run {
  readonly lines: readonly ResultLine[];
  readonly stderr: string;
  readonly code: number;
}

function bench(name: string, path = process.env['PATH']): Promise<Run> {
  const args = ['--expose-gc', 'dist/bench/run.js', name, '--size', 'smoke', '--json'];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, PATH: path } }, (error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({
        lines: lines.map((line) => JSON.parse(line) as ResultLine),
        stderr,
        code: error === null ? 0 : Number(error.code ?? 1),
      });
    });
  });
}

function checkLine(line: ResultLine, name: string, checksum: string): void {
  expect(line).toMatchObject({ bench: name, size: 'smoke', runs: 1, agree: true, checksum });
  expect(line.case).not.toBe('');
  expect(line.pinned).toMatch(/^(server on cpu|not pinned: )/);
  expect(line.peer.name).not.toBe('');
  if ('missing' in line.peer) {
    expect(line.ratio).toBeNull();
    expect(line.peer.missing).toMatch(/install it: \S/);
    return;
  }
  for (const figures of [line.ours, line.peer]) {
    expect(Object.keys(figures).length).toBeGreaterThan(1);
    for (const figure of Object.values(figures)) expect(['number', 'string']).toContain(typeof figure);
  }
  expect(line.ratio).toSatisfy(Number.isFinite);
}

describe('benches at smoke size', () => {
  const cases: readonly [name: string, checksum: string, hasClient: boolean, lineCount: number][] = [
    ['lookup-http', PROFILES, true, 4],
    ['lookup-batch', PROFILES, true, 2],
    ['ingest-ws', BATCHES, true, 5],
    ['mixed', PROFILES, true, 1],
    ['lookup-under-query', PROFILES, true, 1],
    ['restart', PROFILES, false, 1],
    ['memory', CONTENT, false, 4],
    ['identity', COUNTS, false, 1],
    ['linkage', PAIRS, false, 1],
    ['cluster-overhead', PROFILES, true, 3],
    ['cluster-direct', PROFILES, true, 3],
    ['cluster-query', GATHERED, false, 1],
    ['failover', FIRST_USER, false, 1],
    ['rebalance', PROFILES, true, 1],
  ];
  test.each(cases)(
    '%s runs, agrees with its peers and reports in lines',
    { timeout: TIMEOUT_MS },
    async (name, checksum, hasClient, lineCount) => {
      const { lines, stderr, code } = await bench(name);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      // Fewer cases where a peer is missing, one more where the page cache can be emptied.
      expect(lines.length).toBeGreaterThanOrEqual(lines.some(({ peer }) => 'missing' in peer) ? 1 : lineCount);
      for (const line of lines) {
        checkLine(line, name, checksum);
        if (hasClient && !('missing' in line.peer)) expect(line.clientCpu).toBeGreaterThanOrEqual(0);
      }
    },
  );

  test('segments asks every question and agrees with its peers', { timeout: TIMEOUT_MS }, async () => {
    const { lines, stderr, code } = await bench('segments');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    for (const line of lines) checkLine(line, 'segments', line.checksum);
    const asked = lines.map((line) => `${line.case.split(' ')[0]}:${line.checksum}`);
    expect([...new Set(asked)].join(' ')).toBe(QUESTIONS);
  });

  test('cluster-links makes one person of each pair on both sides', { timeout: TIMEOUT_MS }, async () => {
    const { lines, stderr, code } = await bench('cluster-links');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(lines.map((line) => line.case)).toEqual(['login, both ids on one shard', 'login over two shards']);
    for (const line of lines) checkLine(line, 'cluster-links', line.checksum);
    expect(lines.map((line) => line.checksum)).toEqual(LOGINS);
  });

  test('a missing peer is reported with the way to install it, and ours is measured all the same', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { lines, stderr, code } = await bench('lookup-batch', '/nonexistent');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(lines.map(({ peer }) => peer)).toEqual(
      lines.map(() => ({ name: 'redis-get', missing: expect.stringContaining('apt-get install redis-server') })),
    );
    for (const line of lines) {
      checkLine(line, 'lookup-batch', PROFILES);
      expect(line.ours['medianRps']).toBeGreaterThan(0);
    }
  });

  test('an unknown bench is refused with the list of benches', { timeout: TIMEOUT_MS }, async () => {
    const { lines, stderr, code } = await bench('no-such-bench');
    expect(lines).toEqual([]);
    expect(code).toBe(1);
    expect(stderr).toContain('lookup-http');
  });
});
