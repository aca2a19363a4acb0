/**
 * Our recipe as one SQL query: the same blocking rules as joins (a pair under its first rule only), the same levels by DuckDB's
 * `jaro_winkler_similarity` and `damerau_levenshtein`, the same weights, the same threshold. Texts are in normal form and keys and
 * rarities are columns, as they are for ours when pairs are scored.
 */

import type { ComparedField } from '../../src/linkage/comparison-data.ts';
import { LEVEL_COUNT_MAX, LEVELS, SWAPPED } from '../../src/linkage/field-kind.ts';
import type { RequestedRule } from '../../src/linkage/linkage-options.ts';
import type { Model } from '../../src/linkage/linkage-task.ts';
import type { RecordTable } from '../../src/linkage/record-table.ts';

/** SQL of a key form over a column; only these have one. */
const KEY_SQL: Readonly<Record<string, (column: string) => string>> = {
  same: (column) => column,
  start: (column) => `left(${column}, 4)`,
  month: (column) => `left(${column}, 7)`,
};
const DIFFERENT_WORDS = LEVELS.name.length - 1;

export const columnOf = (field: number): string => `f${field}`;
export const rarityColumnOf = (field: number): string => `r${field}`;
/** Day number of a date, counted as ours is: a 13th month goes on into the next year. */
export const dayColumnOf = (field: number): string => `d${field}`;
export const keyColumnOf = (rule: number, key: number): string => `k${rule}_${key}`;

export function keyColumns(table: RecordTable, rules: readonly RequestedRule[]): readonly string[] {
  return rules.flatMap((rule, ruleIndex) =>
    rule.map(({ field, form }, key) => {
      const column = columnOf(table.fields.findIndex(({ name }) => name === field));
      return `${KEY_SQL[form](column)} AS ${keyColumnOf(ruleIndex, key)}`;
    }),
  );
}

/** Gives one row: pairs compared, pairs that reached `least`, sum of their weights. */
export function recipeSql(
  fields: readonly Pick<ComparedField, 'kind' | 'sibling'>[],
  rules: readonly RequestedRule[],
  { weights }: Model,
  least: number,
): string {
  const joined = rules.map((rule, index) => {
    const same = (own: number): string =>
      rules[own].map((_, key) => `a.${keyColumnOf(own, key)} = b.${keyColumnOf(own, key)}`).join(' AND ');
    const earlier = rules
      .slice(0, index)
      .map((_, before) => ` AND NOT coalesce(${same(before)}, false)`)
      .join('');
    return `SELECT a.id AS a, b.id AS b FROM records a JOIN records b ON ${rule.map((_, key) => `a.${keyColumnOf(index, key)} = b.${keyColumnOf(index, key)}`).join(' AND ')} AND a.id < b.id${earlier}`;
  });
  const levels = fields.map((_, field) => `${levelSql(fields, field)} AS l${field}`).join(',\n  ');
  const match = weights.fields.map(({ conditions, byLevel }, field) => cellSql(byLevel, conditions, field));
  const shared = weights.fields.map(({ conditions, crowdByLevel }, field) => cellSql(crowdByLevel, conditions, field));
  const rarity = weights.fields.map(({ conditions, rarityShare }, field) => {
    return `CASE WHEN l${field} = 1 THEN r${field} * ${listSql(rarityShare)}[${rowSql(conditions)} + 1] ELSE 0 END`;
  });
  const hasCrowd = Number.isFinite(weights.crowdPrior);
  const weight = hasCrowd ? 'match + rarity - log2(1 + pow(2, least(shared + rarity, 500)))' : 'match + rarity';
  return `WITH pairs AS (${joined.join('\nUNION ALL\n')}),
levels AS (SELECT ${fields.map((_, field) => `a.${rarityColumnOf(field)} AS r${field}`).join(', ')}, ${levels}
  FROM pairs JOIN records a ON a.id = pairs.a JOIN records b ON b.id = pairs.b),
sums AS (SELECT ${weights.prior}::DOUBLE + ${match.join('\n + ')} AS match,
  ${rarity.join('\n + ')} AS rarity${hasCrowd ? `,\n  ${weights.crowdPrior}::DOUBLE + ${shared.join('\n + ')} AS shared` : ''} FROM levels),
scores AS (SELECT ${hasCrowd ? `CASE WHEN match + rarity >= ${least} THEN ${weight} ELSE ${least} - 1 END` : weight} AS weight FROM sums)
SELECT count(*), count(*) FILTER (weight >= ${least}), coalesce(sum(weight) FILTER (weight >= ${least}), 0) FROM scores`;
}

function cellSql(cells: Float64Array, conditions: Uint8Array, field: number): string {
  return `${listSql(cells)}[${rowSql(conditions)} * ${LEVEL_COUNT_MAX} + l${field} + 1]`;
}

function listSql(values: Float64Array): string {
  return `[${Array.from(values, (value) => `${value}::DOUBLE`).join(', ')}]`;
}

function rowSql(conditions: Uint8Array): string {
  if (conditions.length === 0) return '0';
  const cases = Array.from(
    conditions,
    (condition, index) => `WHEN l${condition} <> 0 THEN ${index * LEVEL_COUNT_MAX} + l${condition}`,
  );
  return `(CASE ${cases.join(' ')} ELSE ${conditions.length * LEVEL_COUNT_MAX} END)`;
}

function levelSql(fields: readonly Pick<ComparedField, 'kind' | 'sibling'>[], field: number): string {
  const { kind, sibling } = fields[field];
  const [a, b] = [`a.${columnOf(field)}`, `b.${columnOf(field)}`];
  const day = dayColumnOf(field);
  const isMissing = `WHEN ${a} IS NULL OR ${b} IS NULL THEN 0`;
  switch (kind) {
    case 'name':
    case 'text': {
      const swapped = sibling < 0 ? '' : swappedSql(field, sibling);
      return `CASE WHEN ${a} = ${b} THEN 1 ${swapped} ${isMissing} ${wordsSql(a, b)} END`;
    }
    case 'date':
      return `CASE WHEN ${a} = ${b} THEN 1 ${isMissing} WHEN damerau_levenshtein(${a}, ${b}) <= 1
        OR (left(${a}, 5) = left(${b}, 5) AND ${a}[6:7] = ${b}[9:10] AND ${a}[9:10] = ${b}[6:7]) THEN 2
        WHEN abs(a.${day} - b.${day}) <= 31 OR damerau_levenshtein(${a}, ${b}) <= 2 THEN 3
        WHEN abs(a.${day} - b.${day}) <= 366 THEN 4 WHEN abs(a.${day} - b.${day}) <= 3653 THEN 5 ELSE 6 END`;
    case 'category':
      return `CASE WHEN ${a} = ${b} THEN 1 ${isMissing} WHEN damerau_levenshtein(${a}, ${b}) <= 1 THEN 2 ELSE 3 END`;
    case 'code':
      return `CASE WHEN ${a} = ${b} THEN 1 ${isMissing} WHEN damerau_levenshtein(${a}, ${b}) <= 1 THEN 2
        WHEN least(length(${a}), length(${b})) >= 6 AND damerau_levenshtein(${a}, ${b}) <= 2 THEN 3 ELSE 4 END`;
    default:
      throw new Error(`the bench has no field of kind ${kind}`);
  }
}

function wordsSql(a: string, b: string): string {
  const alike = `jaro_winkler_similarity(${a}, ${b})`;
  return `WHEN ${alike} >= 0.92 THEN 3 WHEN ${alike} >= 0.88 THEN 4 WHEN ${alike} >= 0.7 THEN 5 ELSE ${DIFFERENT_WORDS}`;
}

/** As `pair-levels.ts`. */
function swappedSql(field: number, sibling: number): string {
  const [a, b, aOther, bOther] = [
    `a.${columnOf(field)}`,
    `b.${columnOf(field)}`,
    `a.${columnOf(sibling)}`,
    `b.${columnOf(sibling)}`,
  ];
  const isOtherSame = `coalesce(${aOther} = ${bOther}, false)`;
  return `WHEN ${a} = ${bOther} AND NOT ${isOtherSame} THEN ${SWAPPED}
    WHEN ${b} = ${aOther} AND NOT ${isOtherSame} THEN CASE WHEN ${a} IS NULL OR ${bOther} IS NULL THEN 0
      WHEN jaro_winkler_similarity(${a}, ${bOther}) >= 0.88 THEN ${SWAPPED} ELSE ${DIFFERENT_WORDS} END`;
}
