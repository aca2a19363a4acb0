/**
 * A formula as a question about one element: `(index) => boolean` over live columns, without an allocation per call. An
 * index is whatever the formula's columns are by: a profile's row, or an event of one table.
 *
 * Invariant: compiled and used in one turn, or over what cannot change (events up to the length taken at the instant).
 */
import { unreachable } from '../../base/assert.ts';
import type { F64Column } from '../../memory/fixed-column.ts';
import type { CodeColumn, NumberColumn } from '../../memory/ladder-column.ts';
import type { CodeSelection, CompareTest, Formula, NumberSelection } from '../binder/formula.ts';
import { bucketTest } from '../binder/random-bucket.ts';
import { fitsNumber } from '../binder/value-test.ts';
import { liveIdentities, readableCell } from './live-cell.ts';
import { compileRelation } from './relation.ts';

export type IndexTest = (index: number) => boolean;

export function compileIndexTest(formula: Formula): IndexTest {
  switch (formula.kind) {
    case 'constant':
      return formula.value ? always : never;
    case 'codes':
      return codeTest(formula.column, formula.selection);
    case 'numbers':
      return numberTest(formula.column, formula.selection);
    case 'compare':
      return compileCompare(formula);
    case 'random':
      return bucketTest(formula.bucket, liveIdentities(formula.data));
    case 'not': {
      const part = compileIndexTest(formula.of);
      return (index) => !part(index);
    }
    case 'and':
      return allOf(formula.of.map(compileIndexTest));
    case 'or':
      return anyOf(formula.of.map(compileIndexTest));
    default:
      return unreachable(formula);
  }
}

function compileCompare({ relation, left, right, rows }: CompareTest): IndexTest {
  const fits = compileRelation(relation, readableCell(left), readableCell(right));
  if (rows === undefined) return (index) => fits(index, index);
  return (index) => fits(index, rows.get(index));
}

export function allOf(parts: readonly IndexTest[]): IndexTest {
  if (parts.length === 2) {
    const [first, second] = parts;
    return (index) => first(index) && second(index);
  }
  return (index) => {
    for (let i = 0; i < parts.length; i++) if (!parts[i](index)) return false;
    return true;
  };
}

export function anyOf(parts: readonly IndexTest[]): IndexTest {
  if (parts.length === 2) {
    const [first, second] = parts;
    return (index) => first(index) || second(index);
  }
  return (index) => {
    for (let i = 0; i < parts.length; i++) if (parts[i](index)) return true;
    return false;
  };
}

const always: IndexTest = () => true;
const never: IndexTest = () => false;

function codeTest(column: CodeColumn, selection: CodeSelection): IndexTest {
  switch (selection.kind) {
    case 'none':
      return never;
    case 'any': {
      const { fits } = selection;
      if (fits === undefined) return (index) => column.get(index) !== 0;
      return (index) => {
        const code = column.get(index);
        return code !== 0 && fits(code);
      };
    }
    case 'one': {
      const { code } = selection;
      return (index) => column.get(index) === code;
    }
    case 'table': {
      const { table } = selection;
      return (index) => table[column.get(index)] === 1;
    }
    default:
      return unreachable(selection);
  }
}

function numberTest(column: NumberColumn | F64Column, selection: NumberSelection): IndexTest {
  if (selection.kind === 'range') {
    const { min, max } = selection;
    // A missing number is NaN, which is in no range.
    return (index) => {
      const value = column.get(index);
      return value >= min && value <= max;
    };
  }
  return (index) => {
    const value = column.get(index);
    return !Number.isNaN(value) && fitsNumber(selection, value);
  };
}
