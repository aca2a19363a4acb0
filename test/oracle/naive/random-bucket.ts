/** Random buckets by the hash of another package than the engine's own. */
import xxhash from 'xxhash-wasm';
import type { RandomLeaf } from '../../../src/model/expression.ts';

const { h32 } = await xxhash();

export function isInBucket({ salt, from, to }: RandomLeaf['random'], id: string): boolean {
  const x = h32(`${salt}:${id}`, 0) / 2 ** 32;
  return from <= x && x < to;
}
