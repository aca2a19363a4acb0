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
import { shareWithAtLeast } from './participant-sample.ts';
import type { Program } from './program.ts';
import { stretchesOf } from './run-partition.ts';
import type { ScratchMemory } from './scratch-memory.ts';

/**
 * The length of a row's run, its bit, and the set that is made of the bits. With the constants of `count-rows.ts`, these are by processor time of
 * 48 questions over 1 M profiles and 12, 4 and 1 M events: windows from 7 to 365 days, from 1 to 50 events.
 */
const ROW_NS = 3.5;
/** A look at a time in a run that is long enough: rows in order where most are, else a line of memory far away. */
const DENSE_LOOK_NS = 7.5;
const SPARSE_LOOK_NS = 55;
/** From this share of rows on. */
const DENSE_SHARE = 0.5;
/** Two places found by halving. */
const HALVING_NS = 60;
/** To make runs, an event. */
const MAKE_EVENT_NS = 12;
/** An event of the window, where a scan needs wide counters: they lie all over memory. And its arrays, a row: made, merged, read. */
const SCAN_EVENT_NS = 6;
const SCAN_ROW_NS = 4;

/** What a scan with wide counters costs. */
export function measureCostNs(eventCount: number, rowCount: number): number {
  return eventCount * SCAN_EVENT_NS + rowCount * SCAN_ROW_NS;
}

export interface CapturedRunCount {
  readonly table: EventTable;
  readonly input: RunInput;
  readonly kept: EventRuns | undefined;
  readonly images: ImageSet;
  readonly min: number;
  readonly max: number;
  readonly isOpen: boolean;
  /** Thought to be the share of rows with at least `min` events of all time. */
  readonly longShare: number;
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
    longShare: shareWithAtLeast(table, rowCount, measure.min),
  };
}

/** Whether runs are the better way, given what the scan costs that they would spare. */
export function isRunCountBetter(captured: CapturedRunCount, scanNs: number, askedCount: number): boolean {
  const { table, input, kept, images } = captured;
  const { eventCount, rowCount } = input;
  const runNs = runCostNs(captured, askedCount);
  if (runNs >= scanNs) return false;
  if (kept !== undefined) return true;
  const { runs } = images;
  if (runs?.hasRoomFor(eventCount, rowCount) !== true) return false;
  return runs.isWorthMaking(table, scanNs - runNs, eventCount * MAKE_EVENT_NS);
}

function runCostNs(captured: CapturedRunCount, askedCount: number): number {
  const { input, kept, min, max, isOpen, longShare } = captured;
  const isSince = isOpen && max === Infinity && min > 0;
  const lookNs = longShare >= DENSE_SHARE ? DENSE_LOOK_NS : SPARSE_LOOK_NS;
  const tailNs = kept === undefined ? 0 : (input.eventCount - kept.eventCount) * MAKE_EVENT_NS;
  return askedCount * (ROW_NS + longShare * (isSince ? lookNs : HALVING_NS)) + tailNs;
}

export function* rowsOfRunCount(
  captured: CapturedRunCount,
  candidates: RowSet | undefined,
  pace: Pace,
  scratch: ScratchMemory,
): Evaluation {
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
  const memory = scratch.take(wordCountOf(rowCount) * 4);
  const words = new Uint32Array(memory, 0, wordCountOf(rowCount));
  yield {
    kind: 'run_count',
    runs,
    tail,
    range,
    isOpen,
    isDense: captured.longShare >= DENSE_SHARE,
    min,
    max,
    rowCount,
    candidates: candidates?.toWords(rowCount),
    words,
    chunks: stretchesOf(rowCount),
    control: newControl(),
    costNs: runCostNs({ ...captured, kept: runs }, candidates?.cardinality ?? rowCount),
  };
  const found = yield* paced(RowSet.ofWordsSteps(words), pace);
  words.fill(0);
  scratch.give(memory);
  return found;
}
