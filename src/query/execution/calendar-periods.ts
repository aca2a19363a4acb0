/**
 * The calendar periods (days, weeks, months …) that a stretch of time meets, as ascending first instants: so a scan finds an
 * event's period by number, without a calendar.
 */
import { assert } from '../../base/assert.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import { startOfLocalDayMs, zoneOffsetMs } from '../../base/time-zone.ts';
import type { CalendarPeriod } from '../../model/analysis.ts';
import { EngineError } from '../../model/error.ts';
import { firstDay } from '../binder/window.ts';
import type { KernelBuilder } from './kernel.ts';

const DAY_MS = 86_400_000;
const PERIOD_COUNT_MAX = 1_000_000;
/** Days whose midnights are taken to lie evenly when the clock at both ends is the same: no zone changes twice so soon. */
const EVEN_DAYS = 7;

export interface CalendarPeriods {
  readonly unit: CalendarPeriod;
  readonly zone: string;
  /** In shared memory. */
  readonly starts: Float64Array;
  /** First local day of each, in days from 1970. */
  readonly days: Int32Array;
}

/** The local day of an instant. */
export function localDay(zone: string, atMs: number): number {
  return Math.floor((atMs + zoneOffsetMs(zone, atMs)) / DAY_MS);
}

export function dayText(day: number): string {
  return formatIsoDate(day * DAY_MS).slice(0, 10);
}

/** Those that meet [minMs, maxMs]. Errors: query_too_large. */
export function calendarPeriods(unit: CalendarPeriod, zone: string, minMs: number, maxMs: number): CalendarPeriods {
  assert(minMs <= maxMs, 'periods of no time');
  const midnight = new Midnights(zone);
  const today = localDay(zone, minMs);
  const starts: number[] = [];
  const days: number[] = [];
  for (let k = 0; ; k++) {
    const day = firstDay(unit, today, k);
    const startMs = midnight.of(day);
    if (k > 0 && startMs > maxMs) break;
    starts.push(startMs);
    days.push(day);
    if (starts.length > PERIOD_COUNT_MAX) {
      throw new EngineError(
        'query_too_large',
        `the events reach over more than ${PERIOD_COUNT_MAX} periods; narrow the window or take longer periods`,
      );
    }
  }
  const shared = new Float64Array(new SharedArrayBuffer(starts.length * 8));
  shared.set(starts);
  return { unit, zone, starts: shared, days: Int32Array.from(days) };
}

/** First instants of ascending local days; the zone is asked once a week. */
class Midnights {
  readonly #zone: string;
  #blockDay = Number.NaN;
  /** NaN: the clock changes in this block. */
  #offsetMs = 0;

  constructor(zone: string) {
    this.#zone = zone;
  }

  of(day: number): number {
    if (this.#zone === 'UTC') return day * DAY_MS;
    const block = Math.floor(day / EVEN_DAYS) * EVEN_DAYS;
    if (block !== this.#blockDay) {
      this.#blockDay = block;
      const before = zoneOffsetMs(this.#zone, (block - 2) * DAY_MS);
      const after = zoneOffsetMs(this.#zone, (block + EVEN_DAYS + 2) * DAY_MS);
      this.#offsetMs = before === after ? before : Number.NaN;
    }
    return Number.isNaN(this.#offsetMs) ? startOfLocalDayMs(this.#zone, day) : day * DAY_MS - this.#offsetMs;
  }
}

/** The last period that begins at or before the instant. */
export function periodOf({ starts }: CalendarPeriods, atMs: number): number {
  let k = Math.floor((atMs - starts[0]) * slopeOf(starts));
  k = Math.max(0, Math.min(starts.length - 1, k));
  while (k > 0 && starts[k] > atMs) k -= 1;
  while (k + 1 < starts.length && starts[k + 1] <= atMs) k += 1;
  return k;
}

/** Text that declares `k`, the period of the instant `t`: guessed as if all were equally long, then moved to where it is. */
export function periodText({ starts }: CalendarPeriods, builder: KernelBuilder): string {
  const list = builder.argument(starts);
  const last = builder.argument(starts.length - 1);
  const guess = `let k=((t-${list}[0])*${builder.argument(slopeOf(starts))})|0;if(k<0)k=0;if(k>${last})k=${last};`;
  return `${guess}while(k>0&&${list}[k]>t)k--;while(k<${last}&&${list}[k+1]<=t)k++;`;
}

/** Periods a millisecond. */
function slopeOf(starts: Float64Array): number {
  const last = starts.length - 1;
  return last === 0 ? 0 : last / (starts[last] - starts[0]);
}
