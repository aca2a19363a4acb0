/** Whole queries: leaves of every shape under `and`, `or`, `not`. */
import fc from 'fast-check';
import type {
  AggregateCondition,
  CountCondition,
  EventLeaf,
  Expression,
  FieldReference,
  Operator,
  RandomLeaf,
  SegmentLeaf,
  TraitLeaf,
} from '../../../src/model/expression.ts';
import { AGGREGATE_FUNCTIONS, COUNT_OPERATORS, OPERATORS } from '../../../src/model/expression.ts';
import { type Field, propertyFields, traitFields } from './field.ts';
import { maybe } from './maybe.ts';
import { perMoment } from './per-moment.ts';
import { EVENT_NAMES, RATE_THRESHOLDS, SALTS } from './pool.ts';
import { condition } from './predicate.ts';
import { predicate } from './property-predicate.ts';
import { sequenceLeaf } from './sequence.ts';
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

const traitLeaf = perMoment((nowMs): fc.Arbitrary<TraitLeaf> => {
  const fields = traitFields(nowMs);
  const references = fc.constantFrom(...fields).map(({ path }): FieldReference => ({ trait: path }));
  return fc
    .constantFrom(...fields)
    .chain((field) => condition(field, { nowMs, references }).map((rest) => ({ trait: field.path, ...rest })));
});

const count: fc.Arbitrary<CountCondition> = fc
  .tuple(fc.constantFrom(...COUNT_OPERATORS), fc.nat(3), fc.nat(3))
  .map(([op, value, more]): CountCondition => ({ op, value: op === 'between' ? [value, value + more] : value }));

const aggregateCondition = perMoment((nowMs): fc.Arbitrary<AggregateCondition> => {
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
});

/** Numbers only: other literals against a computed number are a type error, not a false. */
function numericCondition(field: Field, options: Parameters<typeof condition>[1]): ReturnType<typeof condition> {
  return condition(field, options).filter(({ value }) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.every(
      (each) => each === undefined || typeof each === 'number' || (typeof each === 'object' && each !== null),
    );
  });
}

const eventLeaf = perMoment((nowMs): fc.Arbitrary<EventLeaf> => {
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
});

function segmentLeaf(keys: readonly string[]): fc.Arbitrary<SegmentLeaf> {
  return fc.constantFrom(...keys).map((segment) => ({ segment }));
}

const SHARES = [0, 0.1, 0.25, 0.5, 0.75, 1];

const randomLeaf: fc.Arbitrary<RandomLeaf> = fc
  .tuple(fc.constantFrom(...SALTS), fc.constantFrom(...SHARES), fc.constantFrom(...SHARES))
  .map(([salt, a, b]) => ({ random: { salt, from: Math.min(a, b), to: Math.max(a, b) } }));

/** `keys`: saved conditions that may be named. */
export function leaf(nowMs: number, keys: readonly string[] = []): fc.Arbitrary<Expression> {
  return fc.oneof(
    { weight: 7, arbitrary: traitLeaf(nowMs) },
    { weight: 7, arbitrary: eventLeaf(nowMs) },
    { weight: 5, arbitrary: sequenceLeaf(nowMs) },
    { weight: 1, arbitrary: randomLeaf },
    { weight: keys.length === 0 ? 0 : 1, arbitrary: segmentLeaf(keys.length === 0 ? [''] : keys) },
  );
}

export function expression(nowMs: number, keys: readonly string[] = []): fc.Arbitrary<Expression> {
  const leaves = leaf(nowMs, keys);
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
