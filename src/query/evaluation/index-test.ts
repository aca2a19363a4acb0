/**
 * A formula as a question about one element: `(index) => boolean` over live columns, without an allocation per call. An
 * index is whatever the formula's columns are by: a profile's row, or an event of one table.
 *
 * Invariant: compiled and used in one turn, or over what cannot change (events up to the length taken at the instant).
 */
import { unreachable } from '../../base/assert.ts';
import type { F64Column } from '../../memory/fixed-column.ts';
import type { CodeColumn, NumberColumn } from '../../memory/ladder-column.ts';
import type { CodeSelection, Formula, NumberSelection } from '../binder/formula.ts';
import { fitsNumber } from '../binder/value-test.ts';

export type IndexTest = (index: number) => boolean;

export function compileIndexTest(formula: Formula): IndexTest {
  switch (formula.kind) {
    case 'constant':
      return formula.value ? always : never;
    case 'codes':
      return codeTest(formula.column, formula.selection);
    case 'numbers':
      return numberTest(formula.column, formula.selection);
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
    case 'any':
      return (index) => column.get(index) !== 0;
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
