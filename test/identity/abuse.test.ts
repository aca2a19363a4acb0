/** The stories of `abuse-stories.ts`, small; `abuse.slow.test.ts` has them at full size. */
import { test } from 'vitest';
import { aliasChain, aliasCycle, manyDevices, sharedAddress, sharedDevice } from './abuse-stories.ts';

for (const shards of [1, 3]) {
  const name = `${shards} ${shards === 1 ? 'shard' : 'shards'}`;
  test(`an address of 2,000 users, ${name}`, async () => {
    await sharedAddress(2_000, shards);
  });
  test(`a device of 2,000 users, ${name}`, async () => {
    await sharedDevice(2_000, shards);
  });
  test(`a chain of 1,000 aliases of nobody, ${name}`, async () => {
    await aliasChain(1_000, shards, false);
  });
  test(`a chain of 1,000 aliases of users, ${name}`, async () => {
    await aliasChain(1_000, shards, true);
  });
  test(`aliases in a ring, ${name}`, async () => {
    await aliasCycle(50, 10, shards);
  });
  test(`a person with 300 devices, ${name}`, async () => {
    await manyDevices(300, 3_000, shards);
  });
}
