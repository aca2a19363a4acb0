/**
 * The library as a stranger installs it: resolved through the package's exports, with its types, from the README's example. It is one process by what it is; the contract
 * that it gives is tested with a cluster behind it in test/unit/engine/cluster.test.ts.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../process/kith-process.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const tsc = join(root, 'node_modules/typescript/bin/tsc');

/** A project of its own that depends on kith. */
function makeProject(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/kith'), 'dir');
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{"type":"module","private":true}\n');
  return folder;
}

/** The first code block of the file that opens the engine. */
function exampleOf(path: string): string {
  const source = readFileSync(join(root, path), 'utf8');
  const block = /```(?:ts|js|typescript|javascript)\n((?:(?!```)[\s\S])*?\bopen\((?:(?!```)[\s\S])*?)```/.exec(
    source,
  )?.[1];
  if (block === undefined) throw new Error(`${path} has no example that opens the engine`);
  return block.replaceAll(/^ \* ?/gm, '');
}

const EXAMPLES = {
  'README.md': exampleOf('README.md'),
  'src/engine/open.ts': `import { open } from 'kith';\n${exampleOf('src/engine/open.ts')}`,
};

const PROGRAM = `
import { EngineError, open } from 'kith';

const engine = await open({ data: process.argv[2], shards: 2 });
const result = await engine.ingest([
  { type: 'identify', userId: 'u1', messageId: 'm1', traits: { email: 'u1@example.com', country: 'DE' } },
  { type: 'track', userId: 'u1', messageId: 'm2', event: 'Order Completed', properties: { total: 12.5 } },
  { type: 'track', messageId: 'm3', event: 'Order Completed' },
]);
const profile = engine.lookup({ type: 'email', value: 'u1@example.com' }, { events: 5 });
const answer = await engine.query({ where: 'country = "DE" and did "Order Completed"', as: 'count' });
let code;
try {
  await engine.query({ where: 'country =', as: 'count' });
} catch (error) {
  code = error instanceof EngineError ? error.code : String(error);
}
await engine.close();
const again = await open({ data: process.argv[2] });
const kept = again.lookup({ type: 'user_id', value: 'u1' });
const hash = again.stateHash();
await again.close();
console.log(JSON.stringify({ result, profile, count: answer.count, code, kept: kept?.counts, hash }));
`;

/** What types would have told. */
const UNTYPED = `
import { open } from 'kith';

const codes = [];
const attempt = async (act) => {
  try {
    await act();
    codes.push('done');
  } catch (error) {
    codes.push(error.code + ': ' + error.message);
  }
};
const inMemory = { data: ':memory:' };
await attempt(() => open('./data'));
await attempt(() => open({ dta: './data' }));
await attempt(() => open({ ...inMemory, shards: 0 }));
await attempt(() => open({ ...inMemory, memoryLimitBytes: '8GB' }));
await attempt(() => open({ ...inMemory, limits: { batchCnt: 5 } }));
const engine = await open({ ...inMemory, workers: undefined, dedupCount: 10, limits: { depth: 3 } });
const item = { type: 'track', userId: 'u', event: 'E' };
await attempt(() => engine.ingest(item));
await attempt(() => engine.ingest([item], { ack: 'sometimes' }));
await attempt(() => engine.lookup('u'));
await attempt(() => engine.query('did "E"'));
await attempt(() => engine.ingest([item]));
await engine.close();
console.log(JSON.stringify(codes));
`;

const TYPED = `
import { type Engine, EngineError, type ErrorCode, type IngestResult, open, type OpenOptions, type Profile, type QueryAnswer } from 'kith';

const options: OpenOptions = { data: ':memory:', shards: 4, limits: { batchCount: 10 } };
const engine: Engine = await open(options);
const result: IngestResult = await engine.ingest([{ type: 'track', userId: 'u1', event: 'E' }], { ack: 'applied' });
const profile: Profile | undefined = engine.lookup({ type: 'user_id', value: 'u1' }, { events: 1, fields: ['counts'] });
const names: string[] = Object.keys(profile?.counts ?? {});
const answer: QueryAnswer = await engine.query({ where: 'did "E"', as: 'count' });
const code: ErrorCode = new EngineError('overloaded', 'x').code;
for await (const json of engine.exportProfiles()) console.log(json.byteLength, names, answer, code, result.accepted);
// @ts-expect-error an ack level that there is none of
await engine.ingest([], { ack: 'sometimes' });
// @ts-expect-error a number is no folder
await open({ data: 5 });
await engine.close();
`;

beforeAll(async () => {
  // The tests' own build leaves the types out.
  await run(process.execPath, [tsc, '-p', 'config/tsconfig.types.json'], { cwd: root });
}, 120_000);

describe('the library', () => {
  it('runs from its exports in a project of its own', async () => {
    const project = makeProject();
    writeFileSync(join(project, 'program.js'), PROGRAM);
    const { stdout, stderr } = await run(process.execPath, ['program.js', join(project, 'data')], { cwd: project });
    expect(stderr).toBe('');
    const said = JSON.parse(stdout);
    expect(said.result).toMatchObject({ accepted: 2, rejected: [{ index: 2, code: 'missing_user' }] });
    expect(said.profile).toMatchObject({
      id: 'u1',
      traits: { country: 'DE' },
      events: [{ event: 'Order Completed', properties: { total: 12.5 }, messageId: 'm2' }],
    });
    expect(said).toMatchObject({ count: 1, code: 'query_syntax', kept: { 'Order Completed': 1 } });
    expect(said.hash).toMatch(/^1-[0-9a-f]{16}$/);
  });

  it('tells a caller without types what is wrong, and takes nothing in silence', async () => {
    const project = makeProject();
    writeFileSync(join(project, 'untyped.js'), UNTYPED);
    const { stdout } = await run(process.execPath, ['untyped.js'], { cwd: project });
    expect(JSON.parse(stdout)).toEqual([
      'invalid_request: open takes an object of options, such as { data: "./data" }',
      'invalid_request: no option "dta"; did you mean data?',
      'invalid_request: the option shards must be a number, from 1 to 1024, not 0',
      'invalid_request: the option memoryLimitBytes must be a number, 0 or more, not 8GB',
      'invalid_request: no limit "batchCnt"; did you mean batchCount?',
      'invalid_request: ingest takes a list of items',
      'invalid_request: ack must be one of received, applied, durable',
      'invalid_request: lookup takes { type, value }, such as { type: "user_id", value: "ada" }',
      'query_invalid: a query must be an object, not the text "did \\"E\\""',
      'done',
    ]);
  });

  it.each(Object.entries(EXAMPLES))('runs the example of %s', async (path, example) => {
    const project = makeProject();
    writeFileSync(join(project, 'example.js'), example);
    const { stdout, stderr } = await run(process.execPath, ['example.js'], { cwd: project });
    expect(stderr).toBe('');
    if (path === 'README.md') expect(stdout).toMatch(/^\{ 'Order Completed': 1 \}\n\{ ids: \[ 'ada' \]/);
  });

  it('has types that a strict project compiles against', async () => {
    const project = makeProject();
    writeFileSync(join(project, 'typed.ts'), TYPED);
    Object.values(EXAMPLES).forEach((example, index) => {
      writeFileSync(join(project, `example-${index}.ts`), example);
    });
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'NodeNext',
      target: 'ES2022',
      types: ['node'],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const said = await run(process.execPath, [tsc, '-p', '.'], { cwd: project }).catch(
      (error: { stdout: string }) => error,
    );
    expect(said.stdout).toBe('');
  });
});
