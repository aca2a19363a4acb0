// `npm run check`: types, then format and lint. The import rules are a test (test/tidy.test.ts) and run here too.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const steps = [
  ['types', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.json']],
  ['format and lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '--config-path=config', 'src', 'test', 'bench']],
  ['import rules', 'node_modules/vitest/vitest.mjs', ['run', '--config', 'config/vitest.config.ts', 'test/tidy.test.ts']],
];
let isFailed = false;
for (const [name, script, args] of steps) {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  console.log(`${result.status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  isFailed ||= result.status !== 0;
}
process.exitCode = isFailed ? 1 : 0;
