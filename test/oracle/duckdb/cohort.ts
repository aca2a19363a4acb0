/** Retention, scores by rank and groups as SQL. `selected` is a query for the ids of the profiles in question. */
import type { BreakdownRequest, Dimension, RetentionRequest, RfmRequest } from '../../../src/model/analysis.ts';
import { chosenEvents, nowSql, type SqlMoment } from './chosen-events.ts';
import { reachedProperty, reachedTrait } from './relation.ts';
import { quote } from './sql-text.ts';

/** The first local day of an instant's period, as a date. */
export function periodSql(unit: string, time: string, timeZone: string): string {
  return `CAST(date_trunc(${quote(unit)}, timezone(${quote(timeZone)}, timezone('UTC', make_timestamp(CAST(${time} AS BIGINT) * 1000)))) AS DATE)`;
}

/** cohort, size, k, returned, begun: one row for each cohort and period. */
export function retentionSql(request: RetentionRequest, selected: string, moment: SqlMoment): string {
  const { period, periods = 12, timeZone = 'UTC', window } = request;
  const start = chosenEvents({ ...request.cohort, window }, moment);
  const back = chosenEvents({ ...(request.return ?? request.cohort), window }, moment);
  const step = { day: 'DAY', week: 'WEEK', month: 'MONTH' }[period];
  return `WITH member AS (SELECT profile, min(place) AS place, ${periodSql(period, 'arg_min(time_ms, place)', timeZone)} AS cohort
      FROM ${start} WHERE profile IN (${selected}) GROUP BY profile),
    returned AS (SELECT DISTINCT m.profile, m.cohort, ${periodSql(period, 'r.time_ms', timeZone)} AS period
      FROM member m JOIN ${back} r ON r.profile = m.profile AND r.place >= m.place),
    slot AS (SELECT cohort, size, k, CAST(cohort + to_${step.toLowerCase()}s(CAST(k AS INTEGER)) AS DATE) AS period
      FROM (SELECT cohort, count(*) AS size FROM member GROUP BY cohort), range(0, ${periods + 1}) AS t(k))
    SELECT CAST(s.cohort AS VARCHAR), s.size, s.k, count(r.profile),
      s.period <= ${periodSql(period, nowSql(moment), timeZone)} AS begun
    FROM slot s LEFT JOIN returned r ON r.cohort = s.cohort AND r.period = s.period
    GROUP BY s.cohort, s.size, s.k, s.period ORDER BY s.cohort, s.k`;
}

/** name, orders, revenue, recency, frequency, monetary. */
export function rfmSql(request: RfmRequest, selected: string, moment: SqlMoment): string {
  const score = (order: string): string =>
    `((rank() OVER (ORDER BY ${order}) - 1) * ${request.scores ?? 5}) // count(*) OVER () + 1`;
  // Distinct orders where a property names them: several rows an event do no harm then.
  const orders = request.order === undefined ? 'count(*)' : 'count(DISTINCT o.value)';
  const named =
    request.order === undefined ? '' : `LEFT JOIN ${valuesSql(reachedProperty(request.order))} o ON o.owner = f.id`;
  return `WITH fitting AS (SELECT * FROM ${chosenEvents(request, moment)} WHERE profile IN (${selected})),
    money AS (SELECT f.profile, sum(v.number) AS revenue FROM fitting f JOIN ${reachedProperty(request.amount)} v ON v.owner = f.id
      WHERE v.kind = 'number' GROUP BY f.profile),
    customer AS (SELECT f.profile, max(f.time_ms) AS last_ms, ${orders} AS orders, coalesce(any_value(m.revenue), 0) AS revenue
      FROM fitting f LEFT JOIN money m ON m.profile = f.profile ${named} GROUP BY f.profile)
    SELECT p.name, orders, revenue, ${score('last_ms')}, ${score('orders')}, ${score('revenue')}
    FROM customer c JOIN profiles p ON p.id = c.profile`;
}

const VALUE_KEY = `kind || ' ' || coalesce(CAST(number + 0 AS VARCHAR), text, CAST(flag AS VARCHAR))`;

/** One text for each value, told apart by type; NULL where there is none. */
function valuesSql(reached: string): string {
  return `(SELECT DISTINCT owner, ${VALUE_KEY} AS value FROM ${reached} WHERE kind IN ('number', 'string', 'boolean'))`;
}

/** profile, event, value0, value1 …: one row for each member of each group. */
export function breakdownSql(request: BreakdownRequest, selected: string, moment: SqlMoment): string {
  const { event, where, window } = request;
  const members =
    event === undefined
      ? `(SELECT p.id AS profile, NULL::INTEGER AS id, NULL::BIGINT AS time_ms FROM profiles p WHERE p.id IN (${selected}))`
      : `(SELECT profile, id, time_ms FROM ${chosenEvents({ event, where, window }, moment)} WHERE profile IN (${selected}))`;
  const dimensions = request.by.map((dimension, i) => dimensionSql(dimension, i));
  return `SELECT m.profile, m.id AS event, ${dimensions.map(({ value }) => value).join(', ')}
    FROM ${members} m ${dimensions.map(({ join }) => join).join(' ')}`;
}

function dimensionSql(dimension: Dimension, i: number): { readonly value: string; readonly join: string } {
  if (typeof dimension === 'object' && 'period' in dimension) {
    const period = periodSql(dimension.period, 'm.time_ms', dimension.timeZone ?? 'UTC');
    return { value: `'string ' || CAST(${period} AS VARCHAR) AS value${i}`, join: '' };
  }
  const isProperty = typeof dimension === 'object' && 'property' in dimension;
  const path =
    typeof dimension === 'string' ? dimension : 'property' in dimension ? dimension.property : dimension.trait;
  const reached = isProperty ? reachedProperty(path) : reachedTrait(path);
  return {
    value: `v${i}.value AS value${i}`,
    join: `LEFT JOIN ${valuesSql(reached)} v${i} ON v${i}.owner = m.${isProperty ? 'id' : 'profile'}`,
  };
}
