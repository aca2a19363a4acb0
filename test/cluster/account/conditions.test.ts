/** The suite of conditions on accounts again, before a router of a cluster. */
import { describe } from 'vitest';
import { useForm } from '../../server/harness.ts';

useForm('cluster');

describe('in a cluster', async () => {
  await import('../../unit/account/conditions.test.ts');
});
