/** A world through engines of one and of four shards, which must agree with the naive model and with each other. */
import { EngineCheck, type EngineTally } from './engine-check.ts';
import { inFolder } from './engine-factory.ts';
import type { World } from './generate/world.ts';

export async function checkWorld(world: World, tally: EngineTally): Promise<string | undefined> {
  const hashes: string[] = [];
  for (const shardCount of [1, 4]) {
    const { difference, stateHash } = await inFolder((folder) =>
      new EngineCheck(world, folder, shardCount, tally).run(),
    );
    if (difference !== undefined) return difference;
    hashes.push(stateHash);
  }
  return hashes[0] === hashes[1] ? undefined : 'one shard and four have different state hashes';
}
