/** Whole queries: leaves of every shape under `and`, `or`, `not`. */
import fc from 'fast-check';
import type {
  AggregateCondition,
  CountCondition,
  EventLeaf,
  Expression,
  FieldReference,
  Operator,
  PropertyPredicate,
  TraitLeaf,
} from '../../../src/model/query.ts';
import { AGGREGATE_FUNCTIONS, COUNT_OPERATORS, OPERATORS } from '../../../src/model/query.ts';
import { type Field, propertyFields, traitFields } from './field.ts';
import { maybe } from './maybe.ts';
import { EVENT_NAMES, RATE_THRESHOLDS } from './pool.ts';
import { condition } from './predicate.ts';
import { window } from './window.ts';

/** The operators that compare a computed number. */
export const NUMBER_OPERATORS: readonly Operator[] = [
  'eq',
  'neq',
  'in',
  'not_in',
  'lt',
  'lte',
  'gt',
  'gte',
  'between',
  'exists',
  'not_exists',
];

function traitLeaf(nowMs: number): fc.Arbitrary<TraitLeaf> {
  const fields = traitFields(nowMs);
  const references = fc.constantFrom(...fields).map(({ path }): FieldReference => ({ trait: path }));
  return fc
    .constantFrom(...fields)
    .chain((field) => condition(field, { nowMs, references }).map((rest) => ({ trait: field.path, ...rest })));
}

function predicate(nowMs: number): fc.Arbitrary<PropertyPredicate> {
  const fields = propertyFields(nowMs);
  const references = fc.oneof(
    fc.constantFrom(...fields).map(({ path }): FieldReference => ({ property: path })),
    fc.constantFrom(...traitFields(nowMs)).map(({ path }): FieldReference => ({ trait: path })),
  );
  return fc
    .constantFrom(...fields)
    .chain((field) => condition(field, { nowMs, references }).map((rest) => ({ property: field.path, ...rest })));
}

const count: fc.Arbitrary<CountCondition> = fc
  .tuple(fc.constantFrom(...COUNT_OPERATORS), fc.nat(3), fc.nat(3))
  .map(([op, value, more]): CountCondition => ({ op, value: op === 'between' ? [value, value + more] : value }));

function aggregateCondition(nowMs: number): fc.Arbitrary<AggregateCondition> {
  const traits = traitFields(nowMs).filter((field) => field.isExact);
  const references = fc.constantFrom(...traits).map(({ path }): FieldReference => ({ trait: path }));
  const counts = fc.constantFrom(0, 1, 2, 3);
  return fc
    .tuple(fc.constantFrom(...AGGREGATE_FUNCTIONS), fc.constantFrom(...propertyFields(nowMs)))
    .chain(([fn, field]) => {
      const isPicked = fn === 'first' || fn === 'last';
      const isSummed = fn === 'sum' || fn === 'avg';
      const numbers = field.scalar.map((value) => (typeof value === 'number' ? value : 9.5));
      const thresholds =
        isSummed && !field.isExact ? fc.constantFrom(...RATE_THRESHOLDS) : fn === 'count_distinct' ? counts : numbers;
      const compared: Field = isPicked ? field : { ...field, scalar: thresholds };
      const options = {
        nowMs,
        operators: isPicked ? OPERATORS : NUMBER_OPERATORS,
        references: field.isExact ? references : undefined,
      };
      const literals = isPicked ? condition(compared, options) : numericCondition(compared, options);
      return literals.map((rest) => ({ fn, property: field.path, ...rest }));
    });
}

/** Numbers only: other literals against a computed number are a type error, not a false. */
function numericCondition(field: Field, options: Parameters<typeof condition>[1]): ReturnType<typeof condition> {
  return condition(field, options).filter(({ value }) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.every(
      (each) => each === undefined || typeof each === 'number' || (typeof each === 'object' && each !== null),
    );
  });
}

function eventLeaf(nowMs: number): fc.Arbitrary<EventLeaf> {
  const event = fc.oneof(
    { weight: 8, arbitrary: fc.constant<string>('Order Completed') },
    { weight: 5, arbitrary: fc.constantFrom(...EVENT_NAMES) },
    { weight: 1, arbitrary: fc.constant('Never Sent') },
  );
  const where = fc.array(predicate(nowMs), { minLength: 1, maxLength: 2 }).map((predicates) => ({ where: predicates }));
  const measured = fc.oneof<fc.Arbitrary<Pick<EventLeaf, 'count' | 'aggregate'>>[]>(
    fc.constant({}),
    count.map((each) => ({ count: each })),
    aggregateCondition(nowMs).map((each) => ({ aggregate: each })),
    aggregateCondition(nowMs).map((each) => ({ aggregate: each })),
  );
  const during = window(nowMs).map((each) => ({ window: each }));
  return fc
    .tuple(event, maybe(where, 4), measured, maybe(during, 5))
    .map(([name, ...parts]) => Object.assign({ event: name }, ...parts));
}

export function leaf(nowMs: number): fc.Arbitrary<Expression> {
  return fc.oneof(traitLeaf(nowMs), eventLeaf(nowMs));
}

export function expression(nowMs: number): fc.Arbitrary<Expression> {
  const leaves = leaf(nowMs);
  const atDepth = (depth: number): fc.Arbitrary<Expression> => {
    if (depth === 0) return leaves;
    const part = atDepth(depth - 1);
    const parts = fc.array(part, { minLength: 1, maxLength: 3 });
    return fc.oneof(
      { weight: 8, arbitrary: leaves },
      { weight: 2, arbitrary: parts.map((and) => ({ and })) },
      { weight: 2, arbitrary: parts.map((or) => ({ or })) },
      { weight: 1, arbitrary: part.map((not) => ({ not })) },
    );
  };
  return atDepth(2);
}
