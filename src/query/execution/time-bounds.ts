/** Between which instants the events of scans can lie: by the bounds that every chunk keeps. */
import type { TimeRange } from '../binder/window.ts';
import { maxOf, minOf } from './column-image.ts';
import type { ElementScan } from './measure-scan.ts';

export interface TimeBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Undefined where there is no event. */
export function timeBounds(
  scans: readonly Pick<ElementScan, 'times' | 'chunks'>[],
  range: TimeRange,
): TimeBounds | undefined {
  let minMs = Infinity;
  let maxMs = -Infinity;
  for (const { times, chunks } of scans) {
    if (times === undefined) continue;
    for (const chunk of chunks) {
      minMs = Math.min(minMs, minOf(times, chunk));
      maxMs = Math.max(maxMs, maxOf(times, chunk));
    }
  }
  minMs = Math.max(minMs, range.fromMs);
  maxMs = Math.min(maxMs, range.untilMs - 1);
  return minMs <= maxMs ? { minMs, maxMs } : undefined;
}
