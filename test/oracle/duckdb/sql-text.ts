/** Values as SQL text, and the table of literals that predicates join with. */
import type { JsonScalar } from '../naive/json-value.ts';

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Numbers travel as text, so that DuckDB reads them as doubles and not as decimals first. */
export function double(value: number): string {
  return `CAST('${value}' AS DOUBLE)`;
}

function literalRow(literal: JsonScalar): string {
  if (typeof literal === 'number') return `('number', ${double(literal)}, NULL::VARCHAR, NULL::BOOLEAN)`;
  if (typeof literal === 'boolean') return `('boolean', NULL::DOUBLE, NULL::VARCHAR, ${literal})`;
  return `('string', NULL::DOUBLE, ${quote(literal)}, NULL::BOOLEAN)`;
}

/** One row a literal, shaped like a reached value: kind, number, text, flag, instant. */
export function literalRelation(literals: readonly JsonScalar[]): string {
  const rows = literals.map(literalRow).join(', ');
  // Spelled out for numbers and booleans, because the macro is most of what such a query costs to plan.
  const instant = literals.some((literal) => typeof literal === 'string') ? 'iso_instant(text)' : 'NULL::BIGINT';
  return `(SELECT *, ${instant} AS instant FROM (VALUES ${rows}) AS literal(kind, number, text, flag))`;
}
