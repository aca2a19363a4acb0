/**
 * What things cost, in nanoseconds on one thread, measured once on an ordinary server core. Only their ratios matter: they order
 * conjuncts, choose between a scan and following chains, and tell when a scan is worth handing to workers.
 */
import { unreachable } from '../../base/assert.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { TimeColumn } from '../../memory/time-column.ts';
import type { EventTest } from '../binder/bound-expression.ts';
import type { Formula } from '../binder/formula.ts';
import type { TimeRange } from '../binder/window.ts';

const CODE_NS = 1;
const NUMBER_NS = 1;
const LIST_NS = 15;
const EVENT_NS = 1.5;
const DISTINCT_NS = 100;
/** To set up and read out one row of an accumulator. */
const ROW_NS = 1;
/** A step back along a profile's chain, and finding where it begins. */
const PROBE_STEP_NS = 60;
const PROBE_ROW_NS = 100;

/** Per element. */
export function formulaCostNs(formula: Formula): number {
  switch (formula.kind) {
    case 'constant':
      return 0;
    case 'codes':
      return CODE_NS;
    case 'numbers':
      return formula.selection.kind === 'list' ? LIST_NS : NUMBER_NS;
    case 'not':
      return formulaCostNs(formula.of);
    case 'and':
    case 'or':
      return formula.of.reduce((sum, part) => sum + formulaCostNs(part), 0);
    default:
      return unreachable(formula);
  }
}

/** Events in the chunks that the window meets. */
export function eventsInWindow(times: TimeColumn, range: TimeRange): number {
  let count = 0;
  for (let chunk = 0; chunk < times.chunkCount; chunk++) {
    if (times.maxs[chunk] < range.fromMs || times.mins[chunk] >= range.untilMs) continue;
    count += Math.min(CHUNK_ROWS, times.length - chunk * CHUNK_ROWS);
  }
  return count;
}

export function eventCostNs(test: EventTest, rowCount: number): number {
  const isDistinct = test.measure.kind === 'number' && test.measure.fn === 'count_distinct';
  const perEvent = EVENT_NS + formulaCostNs(test.where) + (isDistinct ? DISTINCT_NS : 0);
  return eventsInWindow(test.table.times, test.range) * perEvent + rowCount * ROW_NS;
}

/** Following the chains of `rowCount` profiles. */
export function probeCostNs({ table }: EventTest, rowCount: number): number {
  const meanLength = table.eventCount / Math.max(1, table.participantCount);
  return rowCount * (PROBE_ROW_NS + meanLength * PROBE_STEP_NS);
}
