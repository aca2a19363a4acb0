/** Every suite of this folder again, before a gateway that answers in later turns. */
import { readdirSync } from 'node:fs';
import { beforeAll, describe } from 'vitest';
import { useForm } from './harness.ts';

beforeAll(() => useForm('asynchronous'));

const suites = readdirSync(new URL('.', import.meta.url)).filter(
  (name) => name.endsWith('.test.ts') && !/^(asynchronous|cluster)/.test(name),
);

for (const name of suites) {
  describe(`asynchronous: ${name}`, async () => {
    await import(/* @vite-ignore */ new URL(name, import.meta.url).pathname);
  });
}
