/** Cohorts over all shards: each shard's by their first day, added up. */
import type { RetentionBody, RetentionRequest } from '../../model/analysis.ts';
import { firstDay } from '../../query/binder/window.ts';
import { dayText, localDay } from '../../query/execution/calendar-periods.ts';
import { captureRetention, DEFAULT_PERIODS, type RetentionPart } from '../../query/execution/retention.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { AskedQuestion } from './asked-question.ts';
import { type PartKind, plainKind } from './part-kind.ts';

interface Cohort {
  size: number;
  readonly counts: number[];
}

export function retentionKind({ retention }: CheckedRequest): PartKind<RetentionPart, RetentionPart> {
  return plainKind((instant) => captureRetention(instant, retention!));
}

export function answerRetention(question: AskedQuestion): Promise<RetentionBody> {
  const request = question.request.retention!;
  return question.gather(retentionKind(question.request), (parts) => bodyOf(request, parts, question.nowMs));
}

function bodyOf(request: RetentionRequest, parts: readonly RetentionPart[], nowMs: number): RetentionBody {
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
  const today = localDay(request.timeZone ?? 'UTC', nowMs);
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
