/**
 * What things cost, in nanoseconds on one thread, measured once on an ordinary server core. Only their ratios matter: they order
 * conjuncts, choose between a scan and following chains, and tell when a scan is worth handing to workers.
 */
import { unreachable } from '../../base/assert.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { TimeColumn } from '../../memory/time-column.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { EventTest, SequenceTest } from '../binder/bound-expression.ts';
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
/** One participant's counter: a bit somewhere in the words of the rows. */
const PARTICIPANT_NS = 2;
/** Formatting an instant and looking at its text. */
export const SEEN_NS = 600;
/** The same step, with what it takes to put the event in order. */
const SEQUENCE_STEP_NS = 300;

/** Two fields of one element: numbers, and texts or lists at their dearest. */
const COMPARE_NUMBER_NS = 5;
const COMPARE_TEXT_NS = 100;
/** Finding the profile's id and hashing it. */
const RANDOM_NS = 60;

/** Per element. */
export function formulaCostNs(formula: Formula): number {
  switch (formula.kind) {
    case 'constant':
      return 0;
    case 'codes':
      return CODE_NS;
    case 'numbers':
      return formula.selection.kind === 'list' ? LIST_NS : NUMBER_NS;
    case 'compare':
      return formula.left.kind === 'numbers' ? COMPARE_NUMBER_NS : COMPARE_TEXT_NS;
    case 'random':
      return RANDOM_NS;
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

/** To bring an event into its profile's run and to merge the runs. */
const RUN_EVENT_NS = 12;

/** Tables whose events a sequence has to look at. */
export function sequenceTables({ steps }: SequenceTest): readonly EventTable[] {
  return [...new Set(steps.flatMap(({ events, without }) => [events.table, ...(without ? [without.table] : [])]))];
}

/** Over all profiles. */
export function sequenceCostNs(test: SequenceTest, rowCount: number): number {
  const eventCount = sequenceTables(test).reduce((sum, table) => sum + table.eventCount, 0);
  return eventCount * RUN_EVENT_NS + rowCount * ROW_NS;
}

/** Following the chains of `rowCount` profiles; their events are sorted one profile at a time. */
export function sequenceRowsCostNs(test: SequenceTest, rowCount: number): number {
  const perRow = sequenceTables(test).reduce((sum, table) => {
    const meanLength = table.eventCount / Math.max(1, table.participantCount);
    return sum + PROBE_ROW_NS + meanLength * SEQUENCE_STEP_NS;
  }, 0);
  return rowCount * perRow;
}

/** Following the chains of `rowCount` profiles. */
export function probeCostNs({ table }: EventTest, rowCount: number): number {
  const meanLength = table.eventCount / Math.max(1, table.participantCount);
  return rowCount * (PROBE_ROW_NS + meanLength * PROBE_STEP_NS);
}

export function participantCostNs(table: EventTest['table']): number {
  return table.participantCount * PARTICIPANT_NS;
}
