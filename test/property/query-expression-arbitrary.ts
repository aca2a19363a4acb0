import fc from 'fast-check';
import {
  AGGREGATE_FUNCTIONS,
  COUNT_OPERATORS,
  type Expression,
  type Operator,
  type PropertyPredicate,
} from '../../src/model/expression.ts';

/** Any query that the check accepts, as JSON that need not be in normal form (empty and single lists, written-out defaults). */

const KEYWORDS = [
  'and',
  'Or',
  'NOT',
  'did',
  'in',
  'then',
  'where',
  'everyone',
  'true',
  'null',
  'first',
  'last',
  'count',
  'sum',
  'random',
  'no',
  'segment',
  'trait',
  'property',
  'between',
  'exists',
  'times',
  'within',
  'from',
  'to',
  'over',
  'of',
  'distinct',
  'any',
  'all',
  'account',
  'accounts',
  'person',
  'people',
  '__proto__',
];

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('Order Completed', 'a"b', '`', '\\', '\ud800'),
);
const filled = text.filter((value) => value !== '');
const name = fc.oneof(
  fc.constantFrom(
    'country',
    'address.country',
    'products.sku',
    'utm-source',
    'a b',
    'größe',
    'a..b',
    'x-',
    '1st',
    'a\\.b',
    '`a``',
  ),
  fc.constantFrom(...KEYWORDS),
  filled,
);
const number = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const scalar = fc.oneof(number, text, fc.boolean());
const duration = fc
  .tuple(fc.nat(400), fc.constantFrom('ms', 's', 'm', 'h', 'd', 'w'))
  .map(([count, unit]) => `${count}${unit}`);
const date = fc.oneof(
  fc.constantFrom('2024-01-01', '2024-02-29T10:20Z', '2023-12-31T23:59:59.999+01:00'),
  fc.integer({ min: 0, max: 2e12 }).map((ms) => new Date(ms).toISOString()),
);
const pattern = fc.constantFrom('^a.*z$', '(?:de|at)-\\d{5}', '[^"]+', '\\.de$', '');

type Scope = 'event' | 'profile';

function reference(scope: Scope): fc.Arbitrary<object> {
  const trait = fc.record({ trait: name });
  return scope === 'event' ? fc.oneof(trait, fc.record({ property: name })) : trait;
}

function ordered<Value extends number | string>(
  value: fc.Arbitrary<Value>,
  key: (value: Value) => number,
): fc.Arbitrary<[Value, Value]> {
  return fc.tuple(value, value).map(([a, b]) => (key(a) <= key(b) ? [a, b] : [b, a]));
}

const numberPair = ordered(number, (value) => value);
const pair = fc.oneof(
  numberPair,
  ordered(date, (value) => Date.parse(value)),
  fc.tuple(fc.constantFrom('a', 'ä', ''), fc.constantFrom('b', 'z')),
);

function withValue(operators: readonly Operator[], value: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  return fc.record({ op: fc.constantFrom(...operators), value });
}

function numericCondition(): fc.Arbitrary<object> {
  return fc.oneof(
    withValue(['eq', 'neq', 'lt', 'lte', 'gt', 'gte'], fc.oneof(number, reference('profile'))),
    withValue(['in', 'not_in'], fc.array(number, { maxLength: 3 })),
    withValue(['between'], numberPair),
    fc.record({ op: fc.constantFrom('exists', 'not_exists') }),
  );
}

function condition(scope: Scope): fc.Arbitrary<object> {
  return fc.oneof(
    withValue(['eq', 'neq', 'contains', 'not_contains'], fc.oneof(scalar, reference(scope))),
    withValue(['in', 'not_in'], fc.array(scalar, { maxLength: 4 })),
    withValue(['lt', 'lte', 'gt', 'gte'], fc.oneof(number, text, date, reference(scope))),
    withValue(['between'], pair),
    fc.record({ op: fc.constantFrom('exists', 'not_exists') }),
    withValue(['starts_with', 'ends_with'], fc.oneof(text, reference(scope))),
    withValue(['matches'], pattern),
    withValue(['before', 'after'], fc.oneof(date, reference(scope))),
    withValue(['within_last', 'within_next', 'older_than'], duration),
  );
}

const predicate = fc
  .tuple(name, condition('event'))
  .map(([property, rest]) => ({ property, ...rest }) as PropertyPredicate);
const where = fc.array(predicate, { maxLength: 3 });
const count = fc.oneof(
  fc.record({ op: fc.constantFrom(...COUNT_OPERATORS.filter((op) => op !== 'between')), value: fc.nat(5) }),
  fc.record({ op: fc.constant('between'), value: ordered(fc.nat(5), (value) => value) }),
);
const aggregate = fc
  .constantFrom(...AGGREGATE_FUNCTIONS)
  .chain((fn) =>
    fc
      .tuple(name, fn === 'first' || fn === 'last' ? condition('profile') : numericCondition())
      .map(([property, rest]) => ({ fn, property, ...rest })),
  );
const window = fc.oneof(
  fc.record({ last: duration }),
  fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 99 }))
    .map(([near, far]) => ({ between: [`${far}d`, `${near}d`] })),
  fc.record({ from: date }),
  fc.record({ to: date }),
  fc.constant({ from: '2024-01-01', to: '2024-02-01T00:00Z' }),
  fc.record(
    {
      calendar: fc.constantFrom('day', 'week', 'month', 'quarter', 'year'),
      offset: fc.integer({ min: -100, max: 100 }),
      timeZone: fc.constantFrom('Europe/Berlin', 'UTC', 'America/Sao_Paulo'),
    },
    { requiredKeys: ['calendar'] },
  ),
);

const event = fc
  .record(
    { event: filled, where, window, tail: fc.oneof(fc.record({ count }), fc.record({ aggregate }), fc.constant({})) },
    { requiredKeys: ['event', 'tail'] },
  )
  .map(({ tail, ...rest }) => ({ ...rest, ...tail }));

const stepParts = { event: filled, nth: fc.constant('first'), where };
const firstStep = fc.record(stepParts, { requiredKeys: ['event'] });
const laterStep = fc.record(
  { ...stepParts, within: duration, without: fc.record({ event: filled, where }, { requiredKeys: ['event'] }) },
  { requiredKeys: ['event'] },
);
const sequence = fc
  .tuple(firstStep, fc.array(laterStep, { maxLength: 3 }), fc.option(window, { nil: undefined }))
  .map(([first, later, within]) => ({
    sequence: [first, ...later],
    ...(within === undefined ? {} : { window: within }),
  }));

const share = fc.double({ min: 0, max: 1, noNaN: true });
const random = fc
  .tuple(
    filled,
    ordered(share, (value) => value),
  )
  .map(([salt, [from, to]]) => ({ random: { salt, from, to } }));
const trait = fc.tuple(name, condition('profile')).map(([field, rest]) => ({ trait: field, ...rest }));
const match = fc.constantFrom('any', 'all', 'none');
const leaf = fc.oneof(trait, event, sequence, fc.record({ segment: name }), random);

export const anyExpression: fc.Arbitrary<Expression> = fc
  .letrec<{ node: unknown; ofAccounts: unknown }>((tie) => ({
    ofAccounts: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(trait, random),
      fc.record({ and: fc.array(tie('ofAccounts'), { maxLength: 3 }) }),
      fc.record({ not: tie('ofAccounts') }),
      fc.record({ people: tie('node'), match }, { requiredKeys: ['people'] }),
    ),
    node: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc.record({ and: fc.array(tie('node'), { maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('node'), { maxLength: 3 }) }),
      fc.record({ not: tie('node') }),
      fc.record({ account: tie('ofAccounts'), match }, { requiredKeys: ['account'] }),
    ),
  }))
  .node.map((json) => json as Expression);
