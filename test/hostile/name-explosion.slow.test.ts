/** With the limit as it comes: 300,000 new names. */
import { it } from 'vitest';
import { explodeNames } from './name-explosion.ts';

it('three hundred thousand new names stop at the default limit, in bounded memory', async () => {
  await explodeNames({ limit: 200_000, batchCount: 300 });
});
