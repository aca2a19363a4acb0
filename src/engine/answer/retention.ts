/** Cohorts over all shards: each shard's by their first day, added up. */
import type { RetentionBody } from '../../model/analysis.ts';
import { firstDay } from '../../query/binder/window.ts';
import { dayText, localDay } from '../../query/execution/calendar-periods.ts';
import { captureRetention, DEFAULT_PERIODS } from '../../query/execution/retention.ts';
import type { Question } from './question.ts';

interface Cohort {
  size: number;
  readonly counts: number[];
}

export async function answerRetention(question: Question): Promise<RetentionBody> {
  const request = question.request.retention!;
  const parts = await question.ask((instant) => captureRetention(instant, request));
  const periods = request.periods ?? DEFAULT_PERIODS;
  const cohorts = new Map<number, Cohort>();
  for (const { days, sizes, counts } of parts) {
    days.forEach((day, c) => {
      const cohort = cohorts.get(day) ?? { size: 0, counts: new Array<number>(periods + 1).fill(0) };
      cohorts.set(day, cohort);
      cohort.size += sizes[c];
      for (let k = 0; k <= periods; k++) cohort.counts[k] += counts[c][k];
    });
  }
  const { atMs, nowMs } = question.options;
  const today = localDay(request.timeZone ?? 'UTC', atMs ?? nowMs);
  return {
    cohorts: [...cohorts]
      .sort(([a], [b]) => a - b)
      .map(([day, { size, counts }]) => {
        const known = counts.map((count, k) => (firstDay(request.period, day, k) > today ? null : count));
        return {
          cohort: dayText(day),
          size,
          counts: known,
          rates: known.map((count) => (count === null ? null : count / size)),
        };
      }),
  };
}
