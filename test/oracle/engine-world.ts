/** A world through engines of one and of four shards, which must agree with the naive model and with each other. */
import { EngineCheck, type EngineTally } from './engine-check.ts';
import { crashing, type EngineHost, onDisk } from './engine-host.ts';
import type { World } from './generate/world.ts';

export async function checkWorld(world: World, tally: EngineTally): Promise<string | undefined> {
  const run = (host: EngineHost) => new EngineCheck(world, host, tally).run();
  const hashes = new Set<string>();
  for (const start of [() => onDisk(1, run), () => onDisk(4, run), () => crashing(4, run), () => crashing(1, run)]) {
    const { difference, stateHash } = await start();
    if (difference !== undefined) return difference;
    hashes.add(stateHash);
  }
  return hashes.size === 1 ? undefined : 'the same content has different state hashes by shard count or history';
}
