/**
 * Counts in a window, answered from runs instead of a scan over the window's events. Worth it where the window holds many events; and
 * where there are no runs yet they are made as soon as the scans that they would have saved would have paid for them, so that no
 * sequence of questions costs more than twice what it could have.
 */

import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { EventTest } from '../binder/bound-expression.ts';
import type { TimeRange } from '../binder/window.ts';
import type { EventRuns } from '../index/event-runs.ts';
import { buildRuns, type RunInput } from './build-runs.ts';
import { newControl } from './chunk-claim.ts';
import type { Evaluation } from './evaluation.ts';
import type { ImageSet } from './image-set.ts';
import { type Pace, paced } from './pace.ts';
import type { Program } from './program.ts';
import { stretchesOf } from './run-partition.ts';

/** A row's run: two offsets, and a look at its end. */
const ROW_NS = 6;
/** A row whose places are found by halving. */
const HALVING_ROW_NS = 30;
/** To make runs, an event. */
const MAKE_EVENT_NS = 12;
/** An event of the window, in the scan that is spared: counters lie all over memory. And its arrays, a row: made, merged, read. */
const SCAN_EVENT_NS = 6;
const SCAN_ROW_NS = 4;

export interface CapturedRunCount {
  readonly table: EventTable;
  readonly input: RunInput;
  readonly kept: EventRuns | undefined;
  readonly images: ImageSet;
  readonly min: number;
  readonly max: number;
  readonly isOpen: boolean;
}

const ALL: Program = { kind: 'constant', value: true };
const EVER: TimeRange = { fromMs: -Infinity, untilMs: Infinity };

/** Undefined where runs cannot tell: a `where`, or a measure other than a count. */
export function captureRunCount(test: EventTest, rowCount: number, images: ImageSet): CapturedRunCount | undefined {
  const { table, range, where, measure } = test;
  if (measure.kind !== 'count' || where.kind !== 'constant' || images.runs === undefined) return undefined;
  const latestMs = table.times.maxs.reduce((latest, maxMs) => Math.max(latest, maxMs), -Infinity);
  return {
    table,
    input: {
      rows: images.image(table.rows),
      times: images.image(table.times),
      firstEvent: 0,
      eventCount: table.eventCount,
      rowCount,
      range,
      where: ALL,
      members: undefined,
    },
    kept: images.runs.find(table),
    images,
    min: measure.min,
    max: measure.max,
    isOpen: latestMs < range.untilMs,
  };
}

/** Whether runs are the better way, given the events that a scan would pass over. */
export function isRunCountBetter(
  { table, input, kept, images, max, isOpen }: CapturedRunCount,
  windowCount: number,
  askedCount: number,
): boolean {
  const { eventCount, rowCount } = input;
  const scanNs = windowCount * SCAN_EVENT_NS + rowCount * SCAN_ROW_NS;
  const runNs = askedCount * (isOpen && max === Infinity ? ROW_NS : HALVING_ROW_NS);
  if (runNs >= scanNs) return false;
  if (kept !== undefined) return true;
  const { runs } = images;
  if (runs?.hasRoomFor(eventCount, rowCount) !== true) return false;
  return runs.isWorthMaking(table, scanNs - runNs, eventCount * MAKE_EVENT_NS);
}

export function* rowsOfRunCount(captured: CapturedRunCount, candidates: RowSet | undefined, pace: Pace): Evaluation {
  const { table, input, images, min, max, isOpen } = captured;
  const { rowCount, eventCount, range } = input;
  let runs = captured.kept;
  let tail: EventRuns | undefined;
  if (runs === undefined) {
    runs = yield* buildRuns({ ...input, range: EVER });
    images.runs?.keep(table, runs);
  } else if (runs.eventCount < eventCount) {
    tail = yield* buildRuns({ ...input, firstEvent: runs.eventCount });
  }
  const words = new Uint32Array(new SharedArrayBuffer(wordCountOf(rowCount) * 4));
  yield {
    kind: 'run_count',
    runs,
    tail,
    range,
    isOpen,
    min,
    max,
    rowCount,
    candidates: candidates?.toWords(rowCount),
    words,
    chunks: stretchesOf(rowCount),
    control: newControl(),
    costNs: (candidates?.cardinality ?? rowCount) * HALVING_ROW_NS,
  };
  return yield* paced(RowSet.ofWordsSteps(words), pace);
}
