/** One condition on a property of an event, its right-hand side a literal or another field of the event or of its profile. */
import fc from 'fast-check';
import type { FieldReference, PropertyPredicate } from '../../../src/model/expression.ts';
import { propertyFields, traitFields } from './field.ts';
import { perMoment } from './per-moment.ts';
import { condition } from './predicate.ts';

export const predicate = perMoment((nowMs): fc.Arbitrary<PropertyPredicate> => {
  const fields = propertyFields(nowMs);
  const references = fc.oneof(
    fc.constantFrom(...fields).map(({ path }): FieldReference => ({ property: path })),
    fc.constantFrom(...traitFields(nowMs)).map(({ path }): FieldReference => ({ trait: path })),
  );
  return fc
    .constantFrom(...fields)
    .chain((field) => condition(field, { nowMs, references }).map((rest) => ({ property: field.path, ...rest })));
});
