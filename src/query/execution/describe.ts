/** What a part of a plan looks at, in words: for `explain`. Not for machines, so the words may change. */
import { formatIsoDate, ISO_DATE_MAX_MS, ISO_DATE_MIN_MS } from '../../base/iso-date.ts';
import { TextColumn } from '../../profile/text-column.ts';
import { BOOLEAN_TRUE } from '../../profile/value-column.ts';
import type { EventTest, Measure } from '../binder/bound-expression.ts';
import type { CodeTest, Formula, NumberSelection } from '../binder/formula.ts';
import type { TimeRange } from '../binder/window.ts';
import { printExpression } from '../parser/print.ts';
import type { Plan } from '../planner/plan.ts';
import type { ColumnNames } from './column-name.ts';

/** Tests of one formula that are written out. */
const PART_COUNT_MAX = 6;
const VALUE_LENGTH_MAX = 60;

export class Describer {
  readonly #names: ColumnNames;

  constructor(names: ColumnNames) {
    this.#names = names;
  }

  plan(plan: Plan): string {
    switch (plan.kind) {
      case 'rows':
        if (plan.leaf !== undefined) return printExpression(plan.leaf);
        if (plan.test === undefined) return plan.rows.isEmpty ? 'nobody' : 'everybody';
        return plan.isNegated ? `not ${this.formula(plan.test)}` : this.formula(plan.test);
      case 'participants':
        return `${quoted(plan.leaf.table.name)} ever, ${times(plan.leaf.min, plan.leaf.max)}`;
      case 'scan':
        return this.formula(plan.formula);
      case 'seen':
        return `text of ${this.#names.of(plan.test.column)}`;
      case 'events':
        return this.#events(plan.test);
      case 'sequence':
        return plan.test.steps.map(({ events }) => quoted(events.table.name)).join(' then ') + window(plan.test.range);
      default:
        return '';
    }
  }

  #events({ table, range, where, measure }: EventTest): string {
    const condition = where.kind === 'constant' ? '' : ` where ${this.formula(where)}`;
    return `${quoted(table.name)}${condition}${window(range)}, ${measureText(measure)}`;
  }

  formula(formula: Formula): string {
    switch (formula.kind) {
      case 'constant':
        return formula.value ? 'everybody' : 'nobody';
      case 'codes':
        return `${this.#names.of(formula.owner ?? formula.column)} ${codesText(formula)}`;
      case 'numbers':
        return `${this.#names.of(formula.column)} ${numbersText(formula.selection)}`;
      case 'not':
        return `not (${this.formula(formula.of)})`;
      case 'and':
      case 'or': {
        const parts = formula.of.slice(0, PART_COUNT_MAX).map((part) => this.#part(part));
        const more = formula.of.length - parts.length;
        return parts.join(` ${formula.kind} `) + (more > 0 ? ` ${formula.kind} ${more} more` : '');
      }
      case 'compare':
        return 'one field against another';
      default:
        return `random split "${formula.bucket.salt}" from ${formula.bucket.from} to ${formula.bucket.to}`;
    }
  }

  #part(formula: Formula): string {
    const text = this.formula(formula);
    return formula.kind === 'and' || formula.kind === 'or' ? `(${text})` : text;
  }
}

function codesText({ owner, selection }: CodeTest): string {
  switch (selection.kind) {
    case 'none':
      return 'is nothing';
    case 'any':
      return 'exists';
    case 'one':
      if (!(owner instanceof TextColumn)) return selection.code === BOOLEAN_TRUE ? '= true' : '= false';
      return `= ${quoted(owner.dictionary.text(selection.code))}`;
    case 'table':
      return `is one of ${selection.fitCount} values`;
    default:
      return 'fits';
  }
}

function numbersText(selection: NumberSelection): string {
  if (selection.kind === 'present') return 'is a number';
  if (selection.kind === 'list') return `is one of ${selection.values.length} numbers`;
  const { min, max } = selection;
  if (min === max) return `= ${min}`;
  const parts: string[] = [];
  if (min !== Number.NEGATIVE_INFINITY) parts.push(bound(min, '≥', '>'));
  if (max !== Number.POSITIVE_INFINITY) parts.push(bound(max, '≤', '<'));
  return parts.length === 0 ? 'is a number' : parts.join(' and ');
}

/** An open bound is kept as the double next to it: shown as what was written. */
function bound(value: number, closed: string, open: string): string {
  const shown = Number(value.toPrecision(15));
  const isOpen = closed === '≤' ? shown > value : shown < value;
  return isOpen ? `${open} ${shown}` : `${closed} ${value}`;
}

function measureText(measure: Measure): string {
  if (measure.kind === 'count') return times(measure.min, measure.max);
  if (measure.kind === 'edge') return `${measure.fn} value`;
  return `${measure.fn} ${numbersText(measure.selection)}`;
}

function times(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return `at least ${min} times`;
  if (min <= 0) return max === 0 ? 'never' : `at most ${max} times`;
  return min === max ? `${min} times` : `${min} to ${max} times`;
}

function window({ fromMs, untilMs }: TimeRange): string {
  const from = fromMs === Number.NEGATIVE_INFINITY ? '' : ` from ${dateText(fromMs)}`;
  return untilMs === Number.POSITIVE_INFINITY ? from : `${from} until ${dateText(untilMs)}`;
}

function dateText(ms: number): string {
  return formatIsoDate(Math.min(ISO_DATE_MAX_MS, Math.max(ISO_DATE_MIN_MS, ms)));
}

function quoted(text: string): string {
  const shown = text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
  return JSON.stringify(shown);
}
