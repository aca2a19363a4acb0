/** A world through two engines, which must agree with the naive model and with each other. */
import { EngineCheck, type EngineTally } from './engine-check.ts';
import { crashing, type EngineHost, onDisk } from './engine-host.ts';
import type { World } from './generate/world.ts';

type Run = (host: EngineHost) => ReturnType<EngineCheck['run']>;

/** Every way of living meets both shard counts over the two pairs. */
export const PAIRS = {
  'one shard on disk and four that crash': [(run: Run) => onDisk(1, run), (run: Run) => crashing(4, run)],
  'four shards on disk and one that crashes': [(run: Run) => onDisk(4, run), (run: Run) => crashing(1, run)],
} as const;

export type Pair = (typeof PAIRS)[keyof typeof PAIRS];

export async function checkWorld(world: World, pair: Pair, tally: EngineTally): Promise<string | undefined> {
  const hashes = new Set<string>();
  for (const host of pair) {
    const { difference, stateHash } = await host((each) => new EngineCheck(world, each, tally).run());
    if (difference !== undefined) return difference;
    hashes.add(stateHash);
  }
  return hashes.size === 1 ? undefined : 'the same content has different state hashes by shard count or history';
}
