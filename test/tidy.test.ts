/** The house rules, executable, in the spirit of TigerBeetle's tidy.zig. The rules themselves: test/helpers/tidy-rules.ts. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  clocksAndRandomness,
  consoleCalls,
  headerComment,
  importCycles,
  importDirection,
  LAYERS,
  leftovers,
  oneTitle,
  packageDoors,
  SourceUnit,
  typeHoles,
} from './helpers/tidy-rules.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const FILE_SIZE_BYTES_MAX = 200_000;

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path) && !path.includes('node_modules'))
    .map((path) => `${folder}/${path}`)
    .sort();
}

const sources = filesBelow('src', /\.ts$/).map((path) => new SourceUnit(path, read(path)));
const scripts = ['test', 'bench', 'config']
  .filter((folder) => existsSync(join(ROOT, folder)))
  .flatMap((folder) => filesBelow(folder, /\.(ts|mjs)$/));
const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));

const RULES: readonly (readonly [
  sentence: string,
  rule: (unit: SourceUnit) => string[],
  bad: readonly [path: string, text: string][],
])[] = [
  [
    'imports run down the layers of src/README.md, types too',
    importDirection,
    [
      ['src/base/a.ts', "import type { X } from '../model/x.ts';"],
      ['src/memory/a.ts', "import { x } from '../storage/x.ts';"],
      ['src/shard/a.ts', "export * from '../router/x.ts';"],
      ['src/ingest/a.ts', "const x = await import('../query/x.ts');"],
      ['src/model/a.ts', "type X = import('../engine/x.ts').X;"],
      ['src/cli/a.ts', "import { x } from '../../test/x.ts';"],
      ['src/query/parser/a.ts', "import { x } from '../execution/x.ts';"],
      ['src/engine/a.ts', "import { x } from '../main.ts';"],
    ],
  ],
  [
    'packages and node modules come in by their doors only',
    packageDoors,
    [
      ['src/shard/a.ts', "import { open } from 'lmdb';"],
      ['src/query/a.ts', "import { RoaringBitmap32 } from 'roaring';"],
      ['src/engine/a.ts', "import { Piscina } from 'piscina';"],
      ['src/server/http/a.ts', "import uws from 'uWebSockets.js';"],
      ['src/profile/a.ts', "import { readFileSync } from 'node:fs';"],
      ['src/server/a.ts', "import { join } from 'path';"],
    ],
  ],
  [
    'clocks, timers and randomness are read in runtime/, storage/, server/ and cli/ only',
    clocksAndRandomness,
    [
      ['src/shard/a.ts', 'const a = Date.now();'],
      ['src/shard/a.ts', 'const a = new Date();'],
      ['src/shard/a.ts', 'const a = new Date;'],
      ['src/query/a.ts', 'const a = Math.random();'],
      ['src/engine/a.ts', 'const a = performance.now();'],
      ['src/engine/a.ts', 'const later = setTimeout; later(() => undefined, 5);'],
      ['src/engine/a.ts', 'const id = crypto.randomUUID();'],
    ],
  ],
  [
    'no any, no cast through unknown, no enum, no default export',
    typeHoles,
    [
      ['src/base/a.ts', 'let a: any;'],
      ['src/base/a.ts', 'const a = 5 as unknown as string;'],
      ['src/base/a.ts', 'export enum A { B }'],
      ['src/base/a.ts', 'const a = 5; export default a;'],
      ['src/base/a.ts', 'export default function a(): void {}'],
    ],
  ],
  ['only cli/ writes to the console', consoleCalls, [['src/server/a.ts', "console.error('x');"]]],
  [
    'every module begins with a comment that says what lives in it',
    headerComment,
    [
      ['src/base/a.ts', 'const a = 5;'],
      ['src/base/a.ts', '// A line comment.\nconst a = 5;'],
    ],
  ],
];

for (const [sentence, rule, bad] of RULES) {
  test(`in src, ${sentence}`, () => {
    expect(sources.flatMap(rule)).toEqual([]);
  });

  test(`the rule that ${sentence} finds what it is for`, () => {
    for (const [path, text] of bad) expect([text, rule(new SourceUnit(path, text)).length]).toEqual([text, 1]);
  });
}

test('what the rules allow is not reported', () => {
  const good = new SourceUnit(
    'src/profile/a.ts',
    [
      '/** Speaks of Date.now(), any, FIXME-less code and console.log in a comment, and of `enum` in a text. */',
      "import { x } from '../memory/x.ts';",
      "import { y } from './y.ts';",
      "const text = 'Date.now() as unknown as any';",
      'const at = new Date(5); const clock = { setTimeout: 5 }; const z = x as unknown;',
    ].join('\n'),
  );
  for (const [, rule] of RULES) expect(rule(good)).toEqual([]);
});

test('no files import each other in a ring, of types neither', () => {
  const programs = scripts.map((path) => new SourceUnit(path, read(path)));
  expect(importCycles([...sources, ...programs])).toEqual([]);
  const ring = [
    new SourceUnit('src/base/a.ts', "import { b } from './b.ts';"),
    new SourceUnit('src/base/b.ts', "import { c } from './c.ts';"),
    new SourceUnit('src/base/c.ts', "import { a } from './a.ts';"),
  ];
  expect(importCycles(ring)).toEqual([
    'src/base/c.ts:1 closes a ring of imports: src/base/a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts; move what both need into a file of its own',
  ]);
  expect(
    importCycles([ring[0], ring[1], new SourceUnit('src/base/c.ts', "import type { a } from './a.ts';")]),
  ).toHaveLength(1);
});

test('every folder of src has a layer and a line in the table of src/README.md', () => {
  const page = read('src/README.md');
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true });
  for (const folder of folders.filter((entry) => entry.isDirectory()).map(({ name }) => name)) {
    expect(
      LAYERS.flat(),
      `src/${folder} has no layer: add it to src/README.md and to test/helpers/tidy-rules.ts`,
    ).toContain(folder);
    expect(page.includes(`| \`${folder}/\` `), `src/${folder} has no line in the table of src/README.md`).toBe(true);
  }
  for (const name of LAYERS.flat())
    expect(existsSync(join(ROOT, 'src', name)), `src/${name} is a layer but not there`).toBe(true);
});

test('nothing is left over from work: no only, no fix-me', () => {
  const paths = [...filesBelow('src', /\.ts$/), ...scripts].filter((path) => !/tidy(-rules|\.test)\.ts$/.test(path));
  expect(paths.flatMap((path) => leftovers(path, read(path)))).toEqual([]);
  expect(leftovers('a.ts', "test.only('x');\n// FIXME\n")).toHaveLength(2);
});

test('every markdown page has one title', () => {
  expect(tracked.filter((path) => path.endsWith('.md')).flatMap((path) => oneTitle(path, read(path)))).toEqual([]);
  expect(oneTitle('a.md', '# A\n```sh\n# no title\n```\n')).toEqual([]);
  expect(oneTitle('a.md', '# A\n# B\n')).toHaveLength(1);
});

test('no tracked file but the lock file is over 200 kB', () => {
  const large = tracked.filter(
    (path) => path !== 'package-lock.json' && statSync(join(ROOT, path)).size > FILE_SIZE_BYTES_MAX,
  );
  expect(
    large.map(
      (path) => `${path}:1 is over ${FILE_SIZE_BYTES_MAX / 1_000} kB; generate it, or keep it outside the repository`,
    ),
  ).toEqual([]);
});
