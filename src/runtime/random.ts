/** Randomness comes in here; tests give a seeded one. */
import { randomFillSync } from 'node:crypto';

export interface RandomSource {
  /** An unsigned 32-bit number. */
  nextUint32(): number;
}

export function systemRandom(): RandomSource {
  const pool = new Uint32Array(256);
  let at = pool.length;
  return {
    nextUint32() {
      if (at === pool.length) {
        randomFillSync(pool);
        at = 0;
      }
      return pool[at++];
    },
  };
}
