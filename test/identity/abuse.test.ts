/** The stories of `abuse-stories.ts`, small; `abuse.slow.test.ts` has them at full size. */
import { test } from 'vitest';
import { aliasChain, aliasCycle, manyDevices, sharedAddress, sharedDevice } from './abuse-stories.ts';

for (const shards of [1, 3]) {
  const name = `${shards} ${shards === 1 ? 'shard' : 'shards'}`;
  test(`an address of 800 users, ${name}`, async () => {
    await sharedAddress(800, shards);
  });
  test(`a device of 800 users, ${name}`, async () => {
    await sharedDevice(800, shards);
  });
  test(`a chain of 500 aliases of nobody, ${name}`, async () => {
    await aliasChain(500, shards, false);
  });
  test(`a chain of 500 aliases of users, ${name}`, async () => {
    await aliasChain(500, shards, true);
  });
  test(`aliases in a ring, ${name}`, async () => {
    await aliasCycle(50, 10, shards);
  });
  test(`a person with 200 devices, ${name}`, async () => {
    await manyDevices(200, 2_000, shards);
  });
}
