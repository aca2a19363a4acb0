/** A predicate over a reached relation → a subquery of the owners for which it holds; the negative ones exclude. */
import type { Operand, Operator } from '../../../src/model/expression.ts';
import type { JsonScalar } from '../naive/json-value.ts';
import { type OwnerKind, reachedReference } from './relation.ts';
import { literalRelation } from './sql-text.ts';
import { durationSql } from './window.ts';

const POSITIVE_TWIN = new Map<Operator, Operator>([
  ['neq', 'eq'],
  ['not_in', 'in'],
  ['not_contains', 'contains'],
  ['not_exists', 'exists'],
]);

const EQUAL = 'v.kind = r.kind AND (v.number = r.number OR v.text = r.text OR v.flag = r.flag)';

function ordered(sign: string, right = 'r'): string {
  return `CASE WHEN ${right}.kind = 'number' THEN v.number ${sign} ${right}.number
    WHEN ${right}.instant IS NOT NULL THEN v.instant ${sign} ${right}.instant
    ELSE v.text ${sign} ${right}.text END`;
}

/** The condition on a value `v` and a right-hand side `r`. */
const PAIR_SQL: Partial<Record<Operator, string>> = {
  eq: EQUAL,
  in: EQUAL,
  lt: ordered('<'),
  lte: ordered('<='),
  gt: ordered('>'),
  gte: ordered('>='),
  before: 'v.instant < r.instant',
  after: 'v.instant > r.instant',
  contains: `CASE WHEN v.in_array THEN ${EQUAL} ELSE contains(v.text, r.text) END`,
  starts_with: 'starts_with(v.text, r.text)',
  ends_with: 'suffix(v.text, r.text)',
  matches: 'regexp_matches(v.text, r.text)',
};

/** `owner` is an SQL expression, e.g. `p.id`; `now` an SQL number. */
export function predicateSql(
  owner: string,
  reached: string,
  { op, value }: { readonly op: Operator; readonly value?: Operand | undefined },
  { now, ownerKind }: { readonly now: string; readonly ownerKind: OwnerKind },
): string {
  const twin = POSITIVE_TWIN.get(op);
  const holds = `${owner} IN (${ownersSql(reached, twin ?? op, value, now, ownerKind)})`;
  return twin === undefined ? holds : `NOT (${holds})`;
}

function ownersSql(
  reached: string,
  op: Operator,
  value: Operand | undefined,
  now: string,
  ownerKind: OwnerKind,
): string {
  const from = `SELECT v.owner FROM ${reached} v`;
  if (op === 'exists') return `${from} WHERE v.kind <> 'null'`;
  if (op === 'within_last') return `${from} WHERE v.instant BETWEEN ${now} - ${durationSql(String(value))} AND ${now}`;
  if (op === 'within_next')
    return `${from} WHERE v.instant >= ${now} AND v.instant < ${now} + ${durationSql(String(value))}`;
  if (op === 'older_than') return `${from} WHERE v.instant < ${now} - ${durationSql(String(value))}`;
  if (value === undefined || value === null) throw new TypeError(`${op} needs a value`);
  if (op === 'between') {
    const [low, high] = value as readonly [JsonScalar, JsonScalar];
    return `${from}, ${literalRelation([low])} low, ${literalRelation([high])} high
      WHERE ${ordered('>=', 'low')} AND ${ordered('<=', 'high')}`;
  }
  const pair = PAIR_SQL[op];
  if (pair === undefined) throw new TypeError(`no SQL for ${op}`);
  if (typeof value === 'object' && !Array.isArray(value)) {
    return `${from} JOIN ${reachedReference(value as Exclude<typeof value, readonly unknown[]>, ownerKind)} r ON r.owner = v.owner WHERE ${pair}`;
  }
  return `${from}, ${literalRelation((Array.isArray(value) ? value : [value]) as readonly JsonScalar[])} r WHERE ${pair}`;
}
