/** What this process holds in memory, after its garbage is gone. */
import { readFileSync } from 'node:fs';

export interface Resident {
  /** Everything resident, as the kernel tells it. */
  readonly rssBytes: number;
  /** The part of it that is pages of files (also shared): the kernel may drop them without asking. */
  readonly fileBytes: number;
}

const SETTLE_MS = 250;
/** What readings that count use; a smoke run needs one. */
export const SETTLE_ROUNDS = 6;

/** Collects garbage and gives allocators time to return pages. Needs `--expose-gc`. */
export async function settledResident(rounds: number): Promise<Resident> {
  for (let round = 0; round < rounds; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  return resident();
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
