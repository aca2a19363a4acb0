/** A query → one SQL condition over `profiles p`. Knows nothing of how the naive evaluator does it. */
import type { EventLeaf, Expression } from '../../../src/model/query.ts';
import { aggregateRelation, countRelation } from './aggregate.ts';
import { predicateSql } from './predicate.ts';
import { reachedProperty, reachedTrait } from './relation.ts';
import { quote } from './sql-text.ts';
import { windowSql } from './window.ts';

export interface SqlMoment {
  readonly nowMs: number;
  readonly atMs?: number | undefined;
}

export function expressionSql(expression: Expression, moment: SqlMoment): string {
  if ('and' in expression) return `(${expression.and.map((part) => expressionSql(part, moment)).join(' AND ')})`;
  if ('or' in expression) return `(${expression.or.map((part) => expressionSql(part, moment)).join(' OR ')})`;
  if ('not' in expression) return `(NOT ${expressionSql(expression.not, moment)})`;
  const options = { now: String(moment.atMs ?? moment.nowMs), ownerKind: 'profile' as const };
  if ('trait' in expression) return predicateSql('p.id', reachedTrait(expression.trait), expression, options);
  if (!('event' in expression)) throw new TypeError(`no SQL for ${Object.keys(expression).join()}`);
  const chosen = chosenEvents(expression, moment);
  const { aggregate, count } = expression;
  if (aggregate !== undefined) {
    return predicateSql('p.id', aggregateRelation(aggregate.fn, aggregate.property, chosen), aggregate, options);
  }
  return predicateSql('p.id', countRelation(chosen), count ?? { op: 'gte', value: 1 }, options);
}

function chosenEvents(leaf: EventLeaf, { nowMs, atMs }: SqlMoment): string {
  const now = String(atMs ?? nowMs);
  const conditions = [
    `e.name = ${quote(leaf.event)}`,
    windowSql('e.time_ms', leaf.window, now),
    ...(atMs === undefined ? [] : [`e.time_ms <= ${atMs}`]),
    ...(leaf.where ?? []).map((predicate) =>
      predicateSql('e.id', reachedProperty(predicate.property), predicate, { now, ownerKind: 'event' }),
    ),
  ];
  return `(SELECT e.id, e.profile, e.time_ms, e.arrival FROM events e WHERE ${conditions.join(' AND ')})`;
}
