/** A query → one SQL condition over `profiles p`. Knows nothing of how the naive evaluator does it. */
import type { Expression } from '../../../src/model/expression.ts';
import { aggregateRelation, countRelation } from './aggregate.ts';
import { chosenEvents, nowSql, type SqlMoment } from './chosen-events.ts';
import { predicateSql } from './predicate.ts';
import { reachedTrait } from './relation.ts';
import { sequenceSql } from './sequence.ts';
import { double, quote } from './sql-text.ts';

export function expressionSql(expression: Expression, moment: SqlMoment): string {
  if ('and' in expression) return joined(expression.and, 'AND', 'TRUE', moment);
  if ('or' in expression) return joined(expression.or, 'OR', 'FALSE', moment);
  if ('not' in expression) return `(NOT ${expressionSql(expression.not, moment)})`;
  const options = { now: nowSql(moment), ownerKind: 'profile' as const };
  if ('trait' in expression) return predicateSql('p.id', reachedTrait(expression.trait), expression, options);
  if ('sequence' in expression) return `p.id IN (${sequenceSql(expression, moment)})`;
  if ('segment' in expression) {
    const where = moment.segments?.get(expression.segment);
    if (where === undefined) throw new TypeError(`no segment ${expression.segment}`);
    return expressionSql(where, moment);
  }
  if ('random' in expression) {
    const { salt, from, to } = expression.random;
    return `p.id IN (SELECT profile FROM buckets WHERE salt = ${quote(salt)} AND x >= ${double(from)} AND x < ${double(to)})`;
  }
  if ('account' in expression || 'people' in expression) throw new TypeError('accounts have an oracle of their own');
  const chosen = chosenEvents(expression, moment);
  const { aggregate, count } = expression;
  if (aggregate !== undefined) {
    return predicateSql('p.id', aggregateRelation(aggregate.fn, aggregate.property, chosen), aggregate, options);
  }
  return predicateSql('p.id', countRelation(chosen), count ?? { op: 'gte', value: 1 }, options);
}

function joined(parts: readonly Expression[], connective: string, empty: string, moment: SqlMoment): string {
  if (parts.length === 0) return empty;
  return `(${parts.map((part) => expressionSql(part, moment)).join(` ${connective} `)})`;
}
