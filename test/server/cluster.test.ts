/** Every suite of this folder again, before a router of a cluster. */
import { readdirSync } from 'node:fs';
import { describe } from 'vitest';
import { useForm } from './harness.ts';

// Before the suites are read.
useForm('cluster');

const suites = readdirSync(new URL('.', import.meta.url)).filter(
  (name) => name.endsWith('.test.ts') && !/^(asynchronous|cluster)/.test(name),
);

for (const name of suites) {
  describe(`cluster: ${name}`, async () => {
    await import(/* @vite-ignore */ new URL(name, import.meta.url).pathname);
  });
}
