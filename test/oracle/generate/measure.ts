/** Questions for one value over all selected profiles. */
import fc from 'fast-check';
import { TOTAL_FUNCTIONS, type TotalFunction, type TotalRequest } from '../../../src/model/analysis.ts';
import type { Expression } from '../../../src/model/expression.ts';
import { AGGREGATE_FUNCTIONS } from '../../../src/model/expression.ts';
import { leaf } from './expression.ts';
import { type Field, propertyFields, traitFields } from './field.ts';
import { maybe } from './maybe.ts';
import { EVENT_NAMES } from './pool.ts';
import { predicate } from './property-predicate.ts';
import { window } from './window.ts';

export interface Measure {
  /** Absent = everyone. */
  readonly where?: Expression | undefined;
  readonly aggregate: TotalRequest;
}

/** The order of summing is nobody's promise, so sums are of numbers that add up exactly. */
function isFit(fn: TotalFunction, field: Field): boolean {
  return field.isExact || (fn !== 'sum' && fn !== 'avg');
}

/** What only `percentile` has. */
function position(fn: TotalFunction): fc.Arbitrary<Pick<TotalRequest, 'p'>> {
  if (fn !== 'percentile') return fc.constant({});
  const p = fc.constantFrom(0.1, 1, 25, 50, 55, 66.6, 90, 99, 100);
  return fc.oneof(p, fc.array(p, { minLength: 1, maxLength: 3 })).map((each) => ({ p: each }));
}

export function measure(nowMs: number): fc.Arbitrary<Measure> {
  const event = fc.oneof(fc.constant<string>('Order Completed'), fc.constantFrom(...EVENT_NAMES));
  const ofEvent = fc.constantFrom<TotalFunction[]>(...AGGREGATE_FUNCTIONS, ...TOTAL_FUNCTIONS).chain((fn) => {
    const field = fc.constantFrom(...propertyFields(nowMs).filter((each) => isFit(fn, each)));
    const during = maybe(
      window(nowMs).map((each) => ({ window: each })),
      5,
    );
    const chosen = maybe(
      predicate(nowMs).map((each) => ({ where: [each] })),
      2,
    );
    return fc
      .tuple(field, event, during, chosen, position(fn))
      .map(([{ path }, name, ...rest]): TotalRequest => Object.assign({ fn, event: name, property: path }, ...rest));
  });
  // A trait has no first or last.
  const ofTrait = fc
    .constantFrom<TotalFunction[]>('sum', 'avg', 'min', 'max', 'count_distinct', ...TOTAL_FUNCTIONS)
    .chain((fn) => {
      const field = fc.constantFrom(...traitFields(nowMs).filter((each) => isFit(fn, each)));
      return fc.tuple(field, position(fn)).map(([{ path }, rest]): TotalRequest => ({ fn, trait: path, ...rest }));
    });
  const where = maybe(
    leaf(nowMs).map((each) => ({ where: each })),
    5,
  );
  return fc.tuple(fc.oneof(ofEvent, ofTrait), where).map(([aggregate, whose]): Measure => ({ aggregate, ...whose }));
}
