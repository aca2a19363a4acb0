/** Suites of this folder about what a user has of an engine, again with a whole cluster of one process behind the same contract. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useClusterForm } from '../../helpers/test-engine.ts';
import { LEFT_OUT, SUITES } from './cluster-suites.ts';

useClusterForm();

it('every suite is run or left out for a reason', () => {
  const names = readdirSync(new URL('.', import.meta.url)).flatMap((file) => /^(.*)\.test\.ts$/.exec(file)?.[1] ?? []);
  expect([...SUITES, ...Object.keys(LEFT_OUT)].sort()).toEqual(names.sort());
});

for (const name of SUITES) {
  describe(`cluster: ${name}`, async () => {
    await import(/* @vite-ignore */ new URL(`${name}.test.ts`, import.meta.url).pathname);
  });
}
