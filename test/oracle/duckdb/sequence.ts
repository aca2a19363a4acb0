/** Sequences as self joins of the events, one for each step: any assignment that the joins leave will do. */
import type { SequenceLeaf, SequenceStep, Window } from '../../../src/model/expression.ts';
import { chosenEvents, type SqlMoment } from './chosen-events.ts';
import { durationSql } from './window.ts';

/** Ids of the profiles of which the sequence is true. */
export function sequenceSql({ sequence, window }: SequenceLeaf, moment: SqlMoment): string {
  const from = sequence.map((step, i) => `${stepSql(step, window, moment)} s${i}`).join(', ');
  const conditions = sequence.flatMap(({ within, without }, i) => {
    if (i === 0) return [];
    const [before, now] = [`s${i - 1}`, `s${i}`];
    return [
      `${now}.profile = ${before}.profile AND ${now}.place > ${before}.place`,
      ...(within === undefined ? [] : [`${now}.time_ms - ${before}.time_ms <= ${durationSql(within)}`]),
      ...(without === undefined ? [] : [noneBetween(without, before, now, moment)]),
    ];
  });
  return `SELECT s0.profile FROM ${from}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`}`;
}

function stepSql(step: SequenceStep, window: Window | undefined, moment: SqlMoment): string {
  const inside = chosenEvents({ ...step, window }, moment);
  if (step.nth === undefined) return inside;
  // The first of all, which may lie outside the window.
  const ever = chosenEvents({ event: step.event, where: step.where }, moment);
  return `(SELECT * FROM ${inside} WHERE id IN (SELECT arg_min(id, place) FROM ${ever} GROUP BY profile))`;
}

/** `before` and `now` are relations with profile and place. */
export function noneBetween(
  choice: NonNullable<SequenceStep['without']>,
  before: string,
  now: string,
  moment: SqlMoment,
): string {
  return `NOT EXISTS (SELECT 1 FROM ${chosenEvents(choice, moment)} w
    WHERE w.profile = ${now}.profile AND w.place > ${before}.place AND w.place < ${now}.place)`;
}
