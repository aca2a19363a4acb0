/**
 * The plan: what bitmaps and participants answer is answered while planning and joined at once (micro- to milliseconds on the
 * shard's thread); what is left are scans over profile columns, joined into one formula where they meet, and measures
 * of events. Every `and` and `or` has at most one answered part and at most one scan of profiles, cheapest first.
 */
import { unreachable } from '../../base/assert.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import type { BoundExpression, EventTest, SeenTest } from '../binder/bound-expression.ts';
import { and, type Formula, not, or } from '../binder/formula.ts';
import { eventCostNs, formulaCostNs } from './cost.ts';
import { rowsByCount } from './participants.ts';
import type { ValueIndexes } from './value-index.ts';

export type Plan =
  | { readonly kind: 'rows'; readonly rows: RowSet }
  | { readonly kind: 'scan'; readonly formula: Formula; readonly costNs: number }
  | { readonly kind: 'seen'; readonly test: SeenTest; readonly costNs: number }
  | { readonly kind: 'events'; readonly test: EventTest; readonly costNs: number }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Plan[]; readonly costNs: number }
  | { readonly kind: 'not'; readonly of: Plan; readonly costNs: number };

/** Formatting an instant and looking at its text. */
const SEEN_NS = 300;

export class Planner {
  readonly #indexes: ValueIndexes;
  readonly #rowCount: number;

  constructor(indexes: ValueIndexes, rowCount: number) {
    this.#indexes = indexes;
    this.#rowCount = rowCount;
  }

  plan(bound: BoundExpression): Plan {
    switch (bound.kind) {
      case 'constant':
        return { kind: 'rows', rows: bound.value ? RowSet.all(this.#rowCount) : RowSet.empty() };
      case 'codes': {
        const rows = this.#indexes.rows(bound, this.#rowCount);
        return rows === undefined ? this.#scan(bound) : { kind: 'rows', rows };
      }
      case 'numbers':
        return this.#scan(bound);
      case 'seen':
        return { kind: 'seen', test: bound, costNs: this.#rowCount * SEEN_NS };
      case 'events':
        return this.#events(bound);
      case 'not':
        return this.#not(this.plan(bound.of));
      case 'and':
      case 'or':
        return this.#join(
          bound.kind,
          bound.of.map((part) => this.plan(part)),
        );
      default:
        return unreachable(bound);
    }
  }

  #scan(formula: Formula): Plan {
    return { kind: 'scan', formula, costNs: formulaCostNs(formula) * this.#rowCount };
  }

  #events(test: EventTest): Plan {
    const { measure, range, table, where } = test;
    const isEver = range.fromMs === -Infinity && range.untilMs === Infinity && where.kind === 'constant';
    if (measure.kind === 'count' && isEver) {
      return { kind: 'rows', rows: rowsByCount(table, measure.min, measure.max, this.#rowCount) };
    }
    return { kind: 'events', test, costNs: eventCostNs(test, this.#rowCount) };
  }

  #not(part: Plan): Plan {
    if (part.kind === 'rows') return { kind: 'rows', rows: RowSet.all(this.#rowCount).andNot(part.rows) };
    if (part.kind === 'scan') return this.#scan(not<Formula>(part.formula));
    return { kind: 'not', of: part, costNs: part.costNs };
  }

  #join(kind: 'and' | 'or', parts: readonly Plan[]): Plan {
    let rows: RowSet | undefined;
    const formulas: Formula[] = [];
    const others: Exclude<Plan, { kind: 'rows' | 'scan' }>[] = [];
    for (const part of parts) {
      if (part.kind === 'rows') {
        if (rows === undefined) rows = part.rows;
        else rows = kind === 'and' ? rows.and(part.rows) : rows.or(part.rows);
      } else if (part.kind === 'scan') {
        formulas.push(part.formula);
      } else {
        others.push(part);
      }
    }
    if (rows !== undefined && this.#isDecided(kind, rows)) return { kind: 'rows', rows };
    const joined: Exclude<Plan, { kind: 'rows' }>[] = [...others];
    if (formulas.length > 0) {
      const scan = this.#scan(kind === 'and' ? and<Formula>(formulas) : or<Formula>(formulas));
      if (scan.kind !== 'rows') joined.push(scan);
    }
    joined.sort((a, b) => a.costNs - b.costNs);
    const of: Plan[] = rows === undefined ? joined : [{ kind: 'rows', rows }, ...joined];
    if (of.length === 1) return of[0];
    return { kind, of, costNs: joined.reduce((sum, part) => sum + part.costNs, 0) };
  }

  #isDecided(kind: 'and' | 'or', rows: RowSet): boolean {
    return kind === 'and' ? rows.isEmpty : rows.cardinality === this.#rowCount;
  }
}

export function costNsOf(plan: Plan): number {
  return plan.kind === 'rows' ? 0 : plan.costNs;
}
