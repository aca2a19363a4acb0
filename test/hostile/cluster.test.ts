/** The suites of this folder that speak to a server again, before a router of a cluster. What is left out, and why: `cluster-gaps.ts`. */
import { readdirSync } from 'node:fs';
import { describe } from 'vitest';
import { useServerForm } from '../process/server-form.ts';
import { LEFT_OUT } from './cluster-gaps.ts';

useServerForm('cluster');

const suites = readdirSync(new URL('.', import.meta.url)).filter(
  (name) => name.endsWith('.test.ts') && !name.endsWith('.slow.test.ts') && name !== 'cluster.test.ts',
);

for (const name of suites.filter((one) => !(one in LEFT_OUT))) {
  describe(`cluster: ${name}`, async () => {
    await import(/* @vite-ignore */ new URL(name, import.meta.url).pathname);
  });
}
