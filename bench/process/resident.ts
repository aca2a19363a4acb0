/** What this process holds in memory, after its garbage is gone. */
import { readFileSync } from 'node:fs';
import { getHeapSpaceStatistics } from 'node:v8';

export interface Resident {
  /** Everything resident, as the kernel tells it. */
  readonly rssBytes: number;
  /** The part of it that is pages of files (also shared): the kernel may drop them without asking. */
  readonly fileBytes: number;
}

const SETTLE_MS = 250;
/** What readings that count use; a smoke run needs one. */
export const SETTLE_ROUNDS = 6;

/** V8 returns the young generation, 33 MB once there was garbage, after some 25 seconds of rest. */
const REST_STEP_MS = 1_000;
const REST_STEP_COUNT_MAX = 60;
const SMALL_YOUNG_BYTES = 4e6;

/** Collects garbage, gives allocators time to return pages, and V8 to return the young generation (not in a smoke run). Needs `--expose-gc`. */
export async function settledResident(rounds: number): Promise<Resident> {
  for (let round = 0; round < rounds; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  for (let step = 0; rounds > 1 && step < REST_STEP_COUNT_MAX && youngBytes() > SMALL_YOUNG_BYTES; step++) {
    await new Promise((resolve) => setTimeout(resolve, REST_STEP_MS));
  }
  return resident();
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

function resident(): Resident {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'latin1');
  } catch {
    return { rssBytes: process.memoryUsage.rss(), fileBytes: 0 };
  }
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return { rssBytes: kilobytes('VmRSS') * 1_024, fileBytes: kilobytes('RssFile') * 1_024 };
}
