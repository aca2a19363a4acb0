/** Questions for one value over all selected profiles. */
import fc from 'fast-check';
import type { AggregateFunction, Expression } from '../../../src/model/query.ts';
import { AGGREGATE_FUNCTIONS } from '../../../src/model/query.ts';
import type { AggregateRequest } from '../naive/total.ts';
import { leaf } from './expression.ts';
import { type Field, propertyFields, traitFields } from './field.ts';
import { maybe } from './maybe.ts';
import { EVENT_NAMES } from './pool.ts';
import { window } from './window.ts';

export interface Measure {
  /** Absent = everyone. */
  readonly where?: Expression | undefined;
  readonly aggregate: AggregateRequest;
}

/** The order of summing is nobody's promise, so sums are of numbers that add up exactly. */
function isFit(fn: AggregateFunction, field: Field): boolean {
  return field.isExact || (fn !== 'sum' && fn !== 'avg');
}

export function measure(nowMs: number): fc.Arbitrary<Measure> {
  const event = fc.oneof(fc.constant<string>('Order Completed'), fc.constantFrom(...EVENT_NAMES));
  const ofEvent = fc.constantFrom(...AGGREGATE_FUNCTIONS).chain((fn) => {
    const field = fc.constantFrom(...propertyFields(nowMs).filter((each) => isFit(fn, each)));
    const during = maybe(
      window(nowMs).map((each) => ({ window: each })),
      5,
    );
    return fc
      .tuple(field, event, during)
      .map(([{ path }, name, when]): AggregateRequest => ({ fn, event: name, property: path, ...when }));
  });
  // A trait has no first or last.
  const ofTrait = fc.constantFrom('sum', 'avg', 'min', 'max', 'count_distinct').chain((fn) => {
    const field = fc.constantFrom(...traitFields(nowMs).filter((each) => isFit(fn, each)));
    return field.map(({ path }): AggregateRequest => ({ fn, trait: path }));
  });
  const where = maybe(
    leaf(nowMs).map((each) => ({ where: each })),
    5,
  );
  return fc.tuple(fc.oneof(ofEvent, ofTrait), where).map(([aggregate, whose]): Measure => ({ aggregate, ...whose }));
}
