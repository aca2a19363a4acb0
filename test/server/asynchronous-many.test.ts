/** The suites with lookups in them again, before a gateway that answers many lookups at once, later. */
import { beforeAll, describe } from 'vitest';
import { useForm } from './harness.ts';

beforeAll(() => useForm('many'));

describe('many: lookup.test.ts', async () => {
  await import('./lookup.test.ts');
});

describe('many: stream.test.ts', async () => {
  await import('./stream.test.ts');
});

describe('many: history.test.ts', async () => {
  await import('./history.test.ts');
});
