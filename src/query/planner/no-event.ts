/** What holds of a profile without any event that counts. */
import { unreachable } from '../../base/assert.ts';
import type { Measure } from '../binder/bound-expression.ts';
import { fitsNumber } from '../binder/value-test.ts';

/** Counts, sums and numbers of distinct values of nothing are 0; the rest is missing and fits nothing. */
export function fitsNoEvent(measure: Measure): boolean {
  switch (measure.kind) {
    case 'count':
      return measure.min <= 0;
    case 'edge':
      return false;
    case 'number': {
      const { fn, selection } = measure;
      if (fn !== 'sum' && fn !== 'count_distinct') return false;
      return selection.kind === 'present' || fitsNumber(selection, 0);
    }
    default:
      return unreachable(measure);
  }
}

/** Whether that is known before any profile is looked at: not where the value is held against a field of the profile. */
export function isSettledWithoutEvent(measure: Measure): boolean {
  return measure.kind !== 'number' || measure.against === undefined;
}
