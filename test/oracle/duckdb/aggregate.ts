/** Aggregates as reached relations of profiles: at most one row a profile, none where the value is missing. */
import type { AggregateFunction } from '../../../src/model/expression.ts';
import { REACHED_COLUMNS, reachedProperty } from './relation.ts';

const NUMBER_ROW = `'number' AS kind, number, NULL::VARCHAR AS text, NULL::BOOLEAN AS flag, NULL::BIGINT AS instant, FALSE AS in_array`;

const NUMBER_SQL: Partial<Record<AggregateFunction, string>> = {
  sum: "coalesce(sum(number) FILTER (kind = 'number'), 0)",
  avg: "avg(number) FILTER (kind = 'number')",
  min: "min(number) FILTER (kind = 'number')",
  max: "max(number) FILTER (kind = 'number')",
  count_distinct: "count(DISTINCT kind || ' ' || coalesce(CAST(number + 0 AS VARCHAR), text, CAST(flag AS VARCHAR)))",
};

/** `chosen` has the columns id, profile, time_ms, arrival: the events of the leaf. */
export function aggregateRelation(fn: AggregateFunction, property: string, chosen: string): string {
  const values = `(SELECT s.profile AS profile, s.time_ms, s.arrival, v.* EXCLUDE (owner)
    FROM ${chosen} s JOIN ${reachedProperty(property)} v ON v.owner = s.id
    WHERE v.kind IN ('number', 'string', 'boolean'))`;
  const number = NUMBER_SQL[fn];
  if (number !== undefined) {
    return `(SELECT owner, 0 AS ordinal, ${NUMBER_ROW} FROM
      (SELECT q.id AS owner, CAST(${number} AS DOUBLE) AS number FROM profiles q LEFT JOIN ${values} x ON x.profile = q.id GROUP BY q.id)
      WHERE number IS NOT NULL)`;
  }
  const order = fn === 'first' ? 'time_ms, arrival, ordinal' : 'time_ms DESC, arrival DESC, ordinal';
  return `(SELECT ${REACHED_COLUMNS.replace('in_array', 'FALSE AS in_array')} FROM
    (SELECT profile AS owner, * EXCLUDE (profile), row_number() OVER (PARTITION BY profile ORDER BY ${order}) AS place FROM ${values})
    WHERE place = 1)`;
}

/** How many of the chosen events each profile has, as a reached relation. */
export function countRelation(chosen: string): string {
  return `(SELECT owner, 0 AS ordinal, ${NUMBER_ROW} FROM
    (SELECT q.id AS owner, CAST(count(s.id) AS DOUBLE) AS number FROM profiles q LEFT JOIN ${chosen} s ON s.profile = q.id GROUP BY q.id))`;
}
