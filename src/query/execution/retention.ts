/**
 * Cohorts of one shard: a first pass finds each profile's first cohort event, a second marks the periods in which it came back. Both
 * run in the order of arrival; nothing is sorted. Parts of shards are merged by the cohort's first day.
 */

import type { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { EventChoice, RetentionRequest } from '../../model/analysis.ts';
import { EngineError } from '../../model/error.ts';
import type { EventTable } from '../../profile/event-table.ts';
import { eventsOf } from '../binder/bind-events.ts';
import { assertChoiceSupported } from '../binder/supported.ts';
import { resolveWindow, type TimeRange } from '../binder/window.ts';
import { type AccumulatorState, mergeSteps } from './accumulator.ts';
import { type CalendarPeriods, calendarPeriods, periodOf } from './calendar-periods.ts';
import { newControl } from './chunk-claim.ts';
import { eventScan } from './event-measure.ts';
import type { Instant } from './instant.ts';
import type { MeasureScan } from './measure-scan.ts';
import { programOf } from './program.ts';
import { RETENTION_NS, type RetentionOutcome, RetentionRows } from './retention-scan.ts';
import { timeBounds } from './time-bounds.ts';

export const DEFAULT_PERIODS = 12;
/** Cohorts times periods. */
const CELL_COUNT_MAX = 4_000_000;
const ROWS_PER_TURN = 16_384;

/** One shard's cohorts, ascending: first day (days from 1970), size, and profiles by period. */
export interface RetentionPart {
  readonly days: readonly number[];
  readonly sizes: readonly number[];
  readonly counts: readonly Uint32Array[];
}

const NOTHING: RetentionPart = { days: [], sizes: [], counts: [] };

type EventsScan = Omit<MeasureScan, 'rowCount' | 'isTotal' | 'members'>;

export function captureRetention(
  instant: Instant,
  request: RetentionRequest,
): (rows: RowSet) => Promise<RetentionPart> {
  const { moment, data, rowCount } = instant;
  assertChoiceSupported(request.cohort.where, [], moment.atMs);
  assertChoiceSupported(request.return?.where, [], moment.atMs);
  const range = resolveWindow(request.window, moment.nowMs, moment.atMs);
  const cohort = captureEvents(instant, request.cohort, range);
  if (cohort === undefined) return async () => NOTHING;
  const back = request.return === undefined ? cohort : captureEvents(instant, request.return, range);
  const returnTable = data.tableOf((request.return ?? request.cohort).event);
  const cohortTable = data.tableOf(request.cohort.event)!;
  return async (rows) => {
    const first: MeasureScan = { ...cohort, rowCount, isTotal: false, members: undefined };
    const state = await instant.inSlices(mergeSteps(first.measure, await instant.scan(first)));
    const bounds = timeBounds(back === undefined ? [cohort] : [cohort, back], range);
    if (bounds === undefined) return NOTHING;
    const { minMs, maxMs } = bounds;
    const calendar = calendarPeriods(request.period, request.timeZone ?? 'UTC', minMs, maxMs);
    const periods = request.periods ?? DEFAULT_PERIODS;
    if (calendar.starts.length * (periods + 1) > CELL_COUNT_MAX) {
      throw new EngineError(
        'query_too_large',
        `${calendar.starts.length} cohorts of ${periods + 1} periods are more than ${CELL_COUNT_MAX} numbers; narrow the window or take longer periods`,
      );
    }
    const { profiles, sizes } = await cohortsOf(rows, state, calendar, periods, instant);
    const isSameTable = returnTable === cohortTable;
    let outcomes: readonly RetentionOutcome[] = [];
    if (back !== undefined) {
      const { measure: _, ...elements } = back;
      const { words, times, stride } = profiles;
      outcomes = await instant.scan({
        ...elements,
        kind: 'retention',
        control: newControl(),
        members: undefined,
        calendar,
        profiles: { words, times, stride },
        firstIndexes: isSameTable ? state.indexes : undefined,
        periods,
        costNs: RETENTION_NS * elements.chunks.length * CHUNK_ROWS,
      });
    }
    const width = periods + 1;
    const total = new Uint32Array(calendar.starts.length * width);
    for (const { counts } of outcomes) for (let i = 0; i < total.length; i++) total[i] += counts[i];
    if (!isSameTable && returnTable !== undefined) {
      const ties = { cohortTable, returnTable, firstIndexes: state.indexes, profiles, width, total };
      for (const outcome of outcomes) await settleTies(outcome.ties, ties, instant);
    }
    return partOf(calendar, sizes, total, width);
  };
}

function captureEvents(instant: Instant, choice: EventChoice, range: TimeRange): EventsScan | undefined {
  const table = instant.data.tableOf(choice.event);
  const events = table === undefined ? undefined : eventsOf(table, range, choice, instant.conditions);
  if (table === undefined || events === undefined) return undefined;
  const { images } = instant;
  const present = { kind: 'constant', value: true } as const;
  return eventScan(table, range, programOf(events.where, images), { kind: 'first', present }, images);
}

/** The period of each selected row's first event. */
async function cohortsOf(
  rows: RowSet,
  { values }: AccumulatorState,
  calendar: CalendarPeriods,
  periods: number,
  instant: Instant,
): Promise<{ readonly profiles: RetentionRows; readonly sizes: Uint32Array }> {
  const profiles = new RetentionRows(instant.rowCount, periods);
  const sizes = new Uint32Array(calendar.starts.length);
  const selected = rows.rowsFrom(0, rows.cardinality);
  for (let i = 0; i < selected.length; i++) {
    if (i > 0 && i % ROWS_PER_TURN === 0) await instant.pause();
    const row = selected[i];
    if (values[row] === Infinity) continue;
    const cohort = periodOf(calendar, values[row]);
    profiles.set(row, values[row], cohort);
    sizes[cohort] += 1;
  }
  return { profiles, sizes };
}

/** Events at the very time of the first one, in another table: those that arrived after it are not before it. */
async function settleTies(
  ties: Uint32Array,
  parts: {
    readonly cohortTable: EventTable;
    readonly returnTable: EventTable;
    readonly firstIndexes: Uint32Array;
    readonly profiles: RetentionRows;
    readonly width: number;
    readonly total: Uint32Array;
  },
  instant: Instant,
): Promise<void> {
  const { cohortTable, returnTable, firstIndexes, profiles, width, total } = parts;
  for (let i = 0; i < ties.length; i += 2) {
    if (i > 0 && i % ROWS_PER_TURN === 0) await instant.pause();
    const row = ties[i];
    if (returnTable.arrivals.get(ties[i + 1]) < cohortTable.arrivals.get(firstIndexes[row])) continue;
    if (profiles.markFirst(row)) total[profiles.cohortOf(row) * width] += 1;
  }
}

function partOf(calendar: CalendarPeriods, sizes: Uint32Array, total: Uint32Array, width: number): RetentionPart {
  const days: number[] = [];
  const found: number[] = [];
  const counts: Uint32Array[] = [];
  sizes.forEach((size, cohort) => {
    if (size === 0) return;
    days.push(calendar.days[cohort]);
    found.push(size);
    counts.push(total.slice(cohort * width, (cohort + 1) * width));
  });
  return { days, sizes: found, counts };
}
