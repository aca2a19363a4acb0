/** Retention: which event starts a profile's cohort, which one counts as coming back, and by what periods. */
import type { RetentionRequest } from '../../model/analysis.ts';
import { checkEventChoice } from './check-event.ts';
import { checkTimeZone, checkWindow } from './check-window.ts';
import { below, checkInteger, checkKeys, checkObject, checkWord, field, type JsonCheck, refuse } from './json-check.ts';

/** A bit a profile and period: 50 bytes a profile at most. */
const PERIOD_COUNT_MAX = 400;
const PERIODS = ['day', 'week', 'month'] as const;

export function checkRetention(check: JsonCheck, json: unknown, at: string): RetentionRequest {
  const object = checkObject(json, at, '"retention"');
  checkKeys(object, ['cohort', 'return', 'period', 'periods', 'timeZone', 'window'], at, '"retention"');
  const cohort = field(object, 'cohort');
  if (cohort === undefined)
    refuse('query_invalid', below(at, 'cohort'), '"retention" needs "cohort", such as {"event":"Order Completed"}');
  const back = field(object, 'return');
  const periods = field(object, 'periods');
  const timeZone = field(object, 'timeZone');
  const window = field(object, 'window');
  const periodsAt = below(at, 'periods');
  return {
    cohort: checkEventChoice(check, cohort, below(at, 'cohort'), '"cohort"'),
    ...(back === undefined ? {} : { return: checkEventChoice(check, back, below(at, 'return'), '"return"') }),
    period: checkWord(field(object, 'period'), PERIODS, below(at, 'period'), '"period"'),
    ...(periods === undefined ? {} : { periods: checkInteger(periods, periodsAt, '"periods"', 0, PERIOD_COUNT_MAX) }),
    ...(timeZone === undefined ? {} : { timeZone: checkTimeZone(timeZone, below(at, 'timeZone')) }),
    ...(window === undefined ? {} : { window: checkWindow(check, window, below(at, 'window')) }),
  };
}
