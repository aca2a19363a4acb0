import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { open } from '../../src/engine/open.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { type CommandResult, runCommand } from './run-command.ts';

let engine: Engine;
let server: RunningServer;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-cli-enrich-'));
  engine = await open({ data: ':memory:', shards: 2, workers: 1 });
  server = await startServer(engine, { port: 0, keys: { write: ['w'], read: ['r'], admin: ['admin-key'] } });
  await engine.ingest([
    { type: 'identify', userId: '17', traits: { email: 'ann@kith.test', city: 'Bonn' } },
    { type: 'identify', userId: 'bob', traits: { email: 'bob@kith.test' } },
  ]);
});
afterEach(async () => {
  await server.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

async function enrich(name: string, content: string, ...args: string[]): Promise<CommandResult> {
  const file = join(folder, name);
  await writeFile(file, content);
  return runCommand(['enrich', file, '--source', 'acxiom', '--url', server.url, '--key', 'admin-key', ...args]);
}
const traitsOf = (userId: string) => engine.lookup({ type: 'user_id', value: userId })?.traits;

const LIST =
  'email,City,Age,Home Owner\nANN@kith.test,Rome,30,true\nbob@kith.test,Oslo,41,false\nnobody@kith.test,X,1,\n,Y,2,\n';

it('joins a list by its identifier, every other column a trait, and reports row by row', async () => {
  const first = await enrich(
    'list.csv',
    LIST,
    '--identifier',
    'email',
    '--trait',
    'city=City',
    '--trait',
    'age=Age:number',
  );
  expect(first.exitCode).toBe(2);
  expect(first.stdout).toMatch(/│ file .*│ rows │ matched │ of these known │ of nobody │ empty │ refused │/);
  expect(first.stdout).toMatch(/│ +4 │ +2 │ +0 │ +1 │ +0 │ +1 │/);
  expect(first.stdout).toMatch(/│ 5 +│ missing_user +│/);
  expect(traitsOf('17')).toEqual({ email: 'ann@kith.test', city: 'Bonn', age: 30 });
  expect(traitsOf('bob')).toEqual({ email: 'bob@kith.test', city: 'Oslo', age: 41 });
  const hash = engine.stateHash();
  const again = await enrich(
    'list.csv',
    LIST,
    '--identifier',
    'email',
    '--trait',
    'city=City',
    '--trait',
    'age=Age:number',
    '--json',
  );
  expect(JSON.parse(again.stdout)).toMatchObject({ rows: 4, matched: 2, duplicates: 2, unmatched: 1, refused: 1 });
  expect(engine.stateHash()).toBe(hash);
  await enrich('list.csv', LIST, '--identifier', 'email');
  expect(traitsOf('bob')).toMatchObject({ City: 'Oslo', Age: 41, 'Home Owner': false });
});

it('takes NDJSON, a column under another name, times and the priority', async () => {
  const lines =
    '{"customer":17,"town":"Kiel","since":"2020-01-01"}\n{"customer":"bob","town":"Kiel","since":"later"}\n';
  const args = ['--identifier', 'user_id=customer:integer', '--trait', 'city=town', '--at', 'since'];
  const result = await enrich('list.ndjson', lines, ...args, '--priority', 'overwrite', '--json');
  expect(result.exitCode).toBe(2);
  expect(JSON.parse(result.stdout)).toMatchObject({ matched: 1, refused: 1 });
  // Older than what the person said.
  expect(traitsOf('17')).toMatchObject({ city: 'Bonn' });
  const history = await engine.traitHistory({ type: 'user_id', value: '17' }, { traits: ['city'] });
  expect(history?.changes.map(({ value, source }) => [value, source])).toEqual([
    ['Kiel', 'acxiom'],
    ['Bonn', null],
  ]);
});

it('says what is wrong before anything is sent', async () => {
  const failures: [string[], string][] = [
    [[], "required option '--identifier"],
    [['--identifier', 'email=Mail'], 'there is no column "Mail"'],
    [['--identifier', 'E-Mail'], 'is no type of identifier'],
    [['--identifier', 'email', '--priority', 'first'], 'Allowed choices are fill, overwrite'],
    [['--identifier', 'email', '--trait', 'x=Nope'], 'there is no column "Nope"'],
  ];
  for (const [args, message] of failures) {
    const { exitCode, stderr } = await enrich('list.csv', LIST, ...args);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(message)]);
  }
  expect(traitsOf('bob')).toEqual({ email: 'bob@kith.test' });
  const help = await runCommand(['enrich', '--help']);
  expect([help.exitCode, help.stdout]).toEqual([0, expect.stringContaining('Examples:')]);
});
