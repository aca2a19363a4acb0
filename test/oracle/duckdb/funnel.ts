/** Funnels: depths by self joins over any events, and the one chain a profile by taking the nearest next event, step by step. */
import type { FunnelRequest, FunnelStep } from '../../../src/model/analysis.ts';
import { chosenEvents, type SqlMoment } from './chosen-events.ts';
import { noneBetween } from './sequence.ts';
import { durationSql } from './window.ts';

/** How many of the selected profiles come at least so far. */
export function depthSql(request: FunnelRequest, depth: number, selected: string, moment: SqlMoment): string {
  const steps = request.steps.slice(0, depth);
  const from = steps.map((step, i) => `${stepSql(request, step, moment)} s${i}`).join(', ');
  const conditions = steps.flatMap(({ without }, i) => {
    if (i === 0) return [];
    return [
      `s${i}.profile = s0.profile AND s${i}.place > s${i - 1}.place`,
      ...inTime(request, `s${i}`, 's0.time_ms'),
      ...(without === undefined ? [] : [noneBetween(without, `s${i - 1}`, `s${i}`, moment)]),
    ];
  });
  return `SELECT count(DISTINCT s0.profile) FROM ${from} WHERE ${[`s0.profile IN (${selected})`, ...conditions].join(' AND ')}`;
}

/** One row a profile: profile, depth of the chain, and gap1, gap2 … in milliseconds. */
export function chainSql(request: FunnelRequest, selected: string, moment: SqlMoment): string {
  const first = `chain0 AS (SELECT profile, id AS start, place AS start_place, time_ms AS start_ms, place, time_ms, 1 AS depth
    FROM ${stepSql(request, request.steps[0], moment)} WHERE profile IN (${selected}))`;
  const later = request.steps.slice(1).map((step, i) => nextSql(request, step, i + 1, moment));
  const last = `chain${request.steps.length - 1}`;
  return `WITH ${[first, ...later].join(', ')} SELECT * FROM ${last}
    QUALIFY row_number() OVER (PARTITION BY profile ORDER BY depth DESC, place, start_place DESC) = 1`;
}

/** The chains one step on; one that finds no next event stays where it is and has no gap. */
function nextSql(request: FunnelRequest, step: FunnelStep, i: number, moment: SqlMoment): string {
  const chain = `chain${i - 1}`;
  const conditions = [
    `n.profile = c.profile AND n.place > c.place AND c.depth = ${i}`,
    ...inTime(request, 'n', 'c.start_ms'),
    ...(step.without === undefined ? [] : [noneBetween(step.without, 'c', 'n', moment)]),
  ];
  return `next${i} AS (SELECT c.start, n.place, n.time_ms FROM ${chain} c, ${stepSql(request, step, moment)} n
      WHERE ${conditions.join(' AND ')} QUALIFY row_number() OVER (PARTITION BY c.start ORDER BY n.place) = 1),
    chain${i} AS (SELECT c.* EXCLUDE (place, time_ms, depth), coalesce(n.place, c.place) AS place, coalesce(n.time_ms, c.time_ms) AS time_ms,
      c.depth + CASE WHEN n.place IS NULL THEN 0 ELSE 1 END AS depth, n.time_ms - c.time_ms AS gap${i}
      FROM ${chain} c LEFT JOIN next${i} n ON n.start = c.start)`;
}

function stepSql(request: FunnelRequest, { event, where }: FunnelStep, moment: SqlMoment): string {
  return chosenEvents({ event, where, window: request.window }, moment);
}

function inTime({ within }: FunnelRequest, step: string, startMs: string): readonly string[] {
  return within === undefined ? [] : [`${step}.time_ms - ${startMs} <= ${durationSql(within)}`];
}
