/** Whether an event's time lies in a window, decided for one event at a time. */
import type { Window } from '../../../src/model/expression.ts';
import { calendarPeriod } from './calendar.ts';
import { durationMsOf } from './duration.ts';
import { instantOf } from './instant.ts';

export function isInWindow(window: Window | undefined, timeMs: number, nowMs: number): boolean {
  if (window === undefined) return true;
  if ('last' in window) return nowMs - durationMsOf(window.last) <= timeMs && timeMs <= nowMs;
  if ('between' in window) {
    const [far, near] = window.between;
    return nowMs - durationMsOf(far) <= timeMs && timeMs < nowMs - durationMsOf(near);
  }
  if ('calendar' in window) {
    const period = calendarPeriod(window.calendar, window.offset ?? 0, window.timeZone ?? 'UTC', nowMs);
    return period.fromMs <= timeMs && timeMs < period.toMs;
  }
  const isAfterFrom = window.from === undefined || mustInstantOf(window.from) <= timeMs;
  const isBeforeTo = window.to === undefined || timeMs < mustInstantOf(window.to);
  return isAfterFrom && isBeforeTo;
}

export function mustInstantOf(text: string): number {
  const instant = instantOf(text);
  if (instant === undefined) throw new TypeError(`not an ISO date: ${text}`);
  return instant;
}
