/** The SDKs again, before a router of a cluster. */
import { describe } from 'vitest';
import { useServerForm } from '../process/server-form.ts';

useServerForm('cluster');

for (const name of ['rudder.test.ts', 'segment.test.ts']) {
  describe(`cluster: ${name}`, async () => {
    await import(/* @vite-ignore */ new URL(name, import.meta.url).pathname);
  });
}
