import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { open } from '../../src/engine/open.ts';
import type { IdentitySettings } from '../../src/model/identity.ts';
import type { IdentityGraph } from '../../src/model/identity-request.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { type CommandResult, runCommand } from './run-command.ts';

const KEYS = { write: ['w'], read: ['r'], admin: ['admin-key'] };
let engine: Engine;
let server: RunningServer;
let folder: string;
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  folder = await mkdtemp(join(tmpdir(), 'kith-cli-identity-'));
  engine = await open({ data: ':memory:', shards: 2, workers: 1, clock: { nowMs: () => nowMs } });
  server = await startServer(engine, { port: 0, keys: KEYS });
  await engine.ingest([
    { type: 'identify', userId: 'ann', traits: { email: 'ann@kith.test', ltv: 5 }, timestamp: '2025-01-01' },
    { type: 'identify', userId: 'bob', traits: { email: 'bob@kith.test', ltv: 7 }, timestamp: '2025-02-01' },
    { type: 'track', userId: 'bob', anonymousId: 'phone', event: 'Order Completed', timestamp: '2025-03-01' },
  ]);
});
afterEach(async () => {
  await server.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

const kith = (...args: string[]): Promise<CommandResult> =>
  runCommand(['identity', ...args, '--url', server.url, '--key', 'admin-key']);

async function printed(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kith(...args);
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout;
}

describe('help', () => {
  it.each([[[]], [['merge']], [['unmerge']], [['rules']]])('of kith identity %j teaches by examples', async (path) => {
    const result = await kith(...path, '--help');
    expect([result.exitCode, result.stdout]).toEqual([0, expect.stringContaining('Examples:')]);
  });
});

describe('merge, show, unmerge', () => {
  it('say what would come of it, do it, and undo it', async () => {
    const before = engine.stateHash();
    const tried = await printed('merge', 'ann', 'email:bob@kith.test', '--dry-run');
    expect(tried).toBe(
      [
        'ann and email:bob@kith.test would be one profile: ann; nothing was changed',
        '┌─────────┬─────────────────────┬────────┬──────────────────────────┐',
        '│ profile │ identifiers         │ events │ last seen                │',
        '├─────────┼─────────────────────┼────────┼──────────────────────────┤',
        '│ ann     │ user_id:ann         │ 1      │ 2025-03-01T00:00:00.000Z │',
        '│         │ user_id:bob         │        │                          │',
        '│         │ email:bob@kith.test │        │                          │',
        '│         │ anonymous_id:phone  │        │                          │',
        '│         │ email:ann@kith.test │        │                          │',
        '└─────────┴─────────────────────┴────────┴──────────────────────────┘',
        '┌──────────┬───────────────┬────────────────────────┬───────────────┐',
        '│ both had │ of ann        │ of email:bob@kith.test │ what stays    │',
        '├──────────┼───────────────┼────────────────────────┼───────────────┤',
        '│ email    │ ann@kith.test │ bob@kith.test          │ bob@kith.test │',
        '│ ltv      │ 5             │ 7                      │ 7             │',
        '└──────────┴───────────────┴────────────────────────┴───────────────┘',
        'more than the rules allow by themselves: user_id',
        '',
      ].join('\n'),
    );
    expect(engine.stateHash()).toBe(before);
    nowMs += 1_000;
    const done = await printed('merge', 'ann', 'email:bob@kith.test');
    expect(done.split('\n')[0]).toBe('ann and email:bob@kith.test are one profile now: ann');

    const graph = JSON.parse(await printed('show', 'ann', '--json')) as IdentityGraph;
    const entry = graph.journal[0].id;
    const shown = await printed('show', 'bob');
    expect(shown).toContain('│ link from   │ to');
    expect(shown).toMatch(new RegExp(`merge +│ request │ user_id:ann +│ email:bob@kith.test +│ ${entry}`));
    expect(shown).toContain('to undo one: kith identity unmerge bob --merge ID --dry-run');

    const rehearsed = await printed('unmerge', 'ann', '--merge', entry, '--dry-run');
    expect(rehearsed.split('\n')[0]).toBe('would be 2 profiles; nothing was changed');
    expect((await printed('unmerge', 'ann', '--merge', entry)).split('\n')[0]).toBe('separated: 2 profiles now');
    expect(engine.lookup({ type: 'user_id', value: 'ann' })?.traits).toEqual({ email: 'ann@kith.test', ltv: 5 });
  });

  it('tell what holds two identifiers together, and separate by naming a side', async () => {
    await printed('merge', 'ann', 'bob');
    // A second link between the two sides of the merge.
    await engine.ingest([{ type: 'alias', userId: 'ann', previousId: 'phone' }]);
    const graph = JSON.parse(await printed('show', 'ann', '--json')) as IdentityGraph;
    const merge = graph.journal.find(({ reason }) => reason === 'request')!.id;
    const held = await printed('unmerge', 'ann', '--merge', merge);
    expect(held).toMatch(/^nothing was changed: other links hold the two together/);
    expect(held).toMatch(/│ user_id:ann +│ anonymous_id:phone +│/);
    const side = 'user_id:ann,email:ANN@kith.test';
    const separated = JSON.parse(await printed('unmerge', 'ann', '--identifiers', side, '--json'));
    expect(separated.profiles.map(({ id }: { id: string }) => id).sort()).toEqual(['ann', 'bob']);
    // An alias names its old id as a user's and as a visitor's.
    expect(separated.cut.map(({ to }: { to: { type: string } }) => to.type).sort()).toEqual([
      'anonymous_id',
      'user_id',
      'user_id',
    ]);
    const { exitCode, stderr } = await kith('unmerge', 'bob', '--identifiers', 'user_id:ann');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('user_id:ann is no identifier of this')]);
  });

  it('fail with the reason', async () => {
    const failures: [string[], string][] = [
      [['show', 'nobody'], 'no profile has this identifier'],
      [['merge', 'ann', 'nobody'], 'nobody has user_id:nobody'],
      [['merge', 'ann', 'ann'], 'are one profile already'],
      [['unmerge', 'ann'], 'give either --merge ID or --identifiers LIST'],
      [['unmerge', 'ann', '--merge', 'merge_1'], 'has no merge "merge_1" that is in force'],
      [['rules', '--dry-run'], '--dry-run goes with --set FILE'],
      [['rules', '--set', '/nonexistent.json'], '/nonexistent.json'],
    ];
    for (const [args, message] of failures) {
      const { exitCode, stdout, stderr } = await kith(...args);
      expect([exitCode, stdout, stderr]).toEqual([1, '', expect.stringContaining(message)]);
    }
  });
});

describe('rules', () => {
  it('are shown, written to a file, changed and put back', async () => {
    const table = await printed('rules');
    expect(table).toMatch(/│ email +│ 5 +│ +\d+ │ yes +│ email +│ traits\.email/);
    expect(table).toMatch(/│ \* +│ newest/);
    const settings = JSON.parse(await printed('rules', '--json')) as IdentitySettings;
    expect(settings).toEqual(engine.identitySettings());

    await printed('merge', 'ann', 'bob');
    const file = join(folder, 'rules.json');
    const survivorship = [{ trait: 'ltv', rule: 'min', sources: [] }];
    await writeFile(file, JSON.stringify({ ...settings, survivorship, standardise: [{ trait: 'x', rule: 'trim' }] }));
    const tried = await printed('rules', '--set', file, '--dry-run');
    expect(tried).toContain('nothing was changed; this is what the rules would mean\nlooked at 1 profiles\n');
    expect(tried).toMatch(/│ user_id +│ +1 │ ann/);
    expect(tried).toMatch(/│ ltv +│ +1 │ ann: 7 → 5/);
    expect(engine.lookup({ type: 'user_id', value: 'ann' })?.traits['ltv']).toBe(7);
    expect(await printed('rules', '--set', file)).toMatch(/^the rules are in force\n/);
    expect(engine.lookup({ type: 'user_id', value: 'ann' })?.traits['ltv']).toBe(5);
    expect(await printed('rules')).toMatch(/│ x +│ trim +│/);
  });

  it('that are wrong are refused with the place', async () => {
    const file = join(folder, 'rules.json');
    await writeFile(file, JSON.stringify({ survivorship: [{ trait: 'ltv', rule: 'maximum' }] }));
    const { exitCode, stderr } = await kith('rules', '--set', file);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('/survivorship/0/rule')]);
  });
});
