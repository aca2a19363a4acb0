/** The stories of `abuse-stories.ts` at full size: what grows with the square of what was sent does not end here. */
import { test } from 'vitest';
import { aliasChain, aliasCycle, manyDevices, sharedAddress, sharedDevice } from './abuse-stories.ts';

for (const shards of [1, 3]) {
  const name = `${shards} ${shards === 1 ? 'shard' : 'shards'}`;
  test(`an address of 100,000 users, ${name}`, async () => {
    await sharedAddress(100_000, shards);
  });
  test(`a device of 100,000 users, ${name}`, async () => {
    await sharedDevice(100_000, shards);
  });
  test(`a chain of 10,000 aliases of nobody, ${name}`, async () => {
    await aliasChain(10_000, shards, false);
  });
  test(`a chain of 10,000 aliases of users, ${name}`, async () => {
    await aliasChain(10_000, shards, true);
  });
  test(`aliases in a ring, a hundred rounds, ${name}`, async () => {
    await aliasCycle(100, 100, shards);
  });
  test(`a person with 5,000 devices and 50,000 events, ${name}`, async () => {
    await manyDevices(5_000, 50_000, shards);
  });
}
