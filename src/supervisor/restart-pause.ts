/** How long a process that died stays down: not at all the first time, then longer each time, with a random part so that many do not return in step. */
import type { RandomSource } from '../runtime/random.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Who served for so long starts anew: its next death is a first one. */
export const STEADY_MS = 60_000;
/** Deaths in a row, none of them after a steady time, that are called a crash loop. */
export const CRASH_LOOP_COUNT = 5;

/** `streak` counts the deaths in a row, this one included. */
export function restartPauseMs(streak: number, random: RandomSource): number {
  if (streak <= 1) return 0;
  const fullMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(streak - 2, 20));
  return Math.round(fullMs * (0.5 + random.nextUint32() / 2 ** 33));
}
