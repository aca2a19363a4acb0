/**
 * Traits, properties and contexts: objects over a fixed set of keys, every key now and then with a value of another type,
 * with null, or with an array or object where a scalar used to be.
 */
import fc from 'fast-check';
import type { JsonObject, JsonScalar, JsonValue } from '../naive/json-value.ts';
import { anyScalar } from './field.ts';
import {
  AGES,
  CITIES,
  COUNTRIES,
  DEVICE_IDS,
  EMAILS,
  EXACT_NUMBERS,
  EXTERNAL_IDS,
  NAMES,
  ODD_NUMBERS,
  PHONES,
  RATES,
  SKUS,
  TIERS,
  URLS,
} from './pool.ts';
import { datelikeText, dateText } from './time.ts';

type Members = readonly (readonly [string, fc.Arbitrary<JsonValue>])[];

/** An object with some of the members. Own entries only, so that `__proto__` is a key like any other. */
export function someOf(
  members: Members,
  count: { readonly min: number; readonly max: number },
): fc.Arbitrary<JsonObject> {
  return fc
    .subarray([...members], {
      minLength: Math.min(count.min, members.length),
      maxLength: Math.min(count.max, members.length),
    })
    .chain((chosen) =>
      fc
        .tuple(...chosen.map(([, value]) => value))
        .map((values) => Object.fromEntries(chosen.map(([key], i) => [key, values[i]]))),
    );
}

/** Mostly the value; sometimes null or anything else. */
function mostly(value: fc.Arbitrary<JsonValue>, wild: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonValue> {
  return fc.oneof(
    { weight: 12, arbitrary: value },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: wild },
  );
}

function oneOf(pool: readonly JsonScalar[]): fc.Arbitrary<JsonScalar> {
  return fc.constantFrom(...pool);
}

function product(any: fc.Arbitrary<JsonValue>, quantities: readonly number[]): fc.Arbitrary<JsonValue> {
  const tags = fc.array(any, { maxLength: 2 });
  return someOf(
    [
      ['sku', oneOf(SKUS)],
      ['qty', mostly(oneOf(quantities), any)],
      ['tags', tags],
    ],
    { min: 0, max: 3 },
  );
}

/** Values whose type nobody expected at that place. */
function wildValue(any: fc.Arbitrary<JsonScalar>, leaf: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonValue> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom<JsonValue>([], {}) },
    { weight: 3, arbitrary: any },
    { weight: 2, arbitrary: fc.array(fc.oneof(any, fc.constant(null)), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(fc.array(any, { maxLength: 2 }), { maxLength: 2 }) },
    {
      weight: 2,
      arbitrary: someOf(
        [
          ['tier', leaf],
          ['x', leaf],
          ['b', leaf],
          ['city', leaf],
          ['below', leaf],
        ],
        { min: 0, max: 3 },
      ),
    },
  );
}

export function traits(nowMs: number): fc.Arbitrary<JsonObject> {
  const any = anyScalar(nowMs);
  const wild = wildValue(any, fc.oneof(any, fc.constant(null)));
  const geo = someOf(
    [
      ['lat', oneOf(AGES)],
      ['lon', oneOf(AGES)],
    ],
    { min: 0, max: 2 },
  );
  const address = someOf(
    [
      ['city', mostly(oneOf(CITIES), wild)],
      ['geo', mostly(geo, wild)],
    ],
    { min: 0, max: 2 },
  );
  const members: Members = [
    ['country', oneOf(COUNTRIES)],
    ['country', mostly(oneOf(COUNTRIES), wild)],
    ['age', mostly(oneOf(AGES), wild)],
    ['balance', mostly(oneOf(ODD_NUMBERS), wild)],
    ['name', mostly(oneOf(NAMES), wild)],
    ['vip', mostly(fc.boolean(), wild)],
    ['birthday', mostly(datelikeText(nowMs), wild)],
    [
      'plan',
      fc.oneof(
        wild,
        someOf(
          [
            ['tier', mostly(oneOf(TIERS), wild)],
            ['since', dateText(nowMs)],
          ],
          { min: 0, max: 2 },
        ),
      ),
    ],
    ['tags', mostly(fc.array(any, { maxLength: 4 }), wild)],
    ['address', mostly(address, wild)],
    ['products', mostly(fc.array(product(any, AGES), { maxLength: 3 }), wild)],
    ['matrix', mostly(fc.array(fc.array(oneOf(AGES), { maxLength: 2 }), { maxLength: 2 }), wild)],
    ['a.b', mostly(oneOf(SKUS), wild)],
    ['a', mostly(someOf([['b', oneOf(SKUS)]], { min: 0, max: 1 }), wild)],
    ['back\\slash', oneOf(SKUS)],
    ['__proto__', fc.oneof(wild, someOf([['x', mostly(oneOf(SKUS), wild)]], { min: 1, max: 1 }))],
    ['constructor', wild],
    ['email', mostly(oneOf(EMAILS), oneOf(EXACT_NUMBERS))],
    ['phone', oneOf(PHONES)],
    ['first_seen', dateText(nowMs)],
  ];
  return someOf(members, { min: 4, max: 17 });
}

export function properties(nowMs: number): fc.Arbitrary<JsonObject> {
  const any = anyScalar(nowMs);
  const wild = wildValue(any, fc.oneof(any, fc.constant(null)));
  const members: Members = [
    ['total', oneOf(EXACT_NUMBERS)],
    ['total', mostly(oneOf(EXACT_NUMBERS), wild)],
    ['rate', oneOf(RATES)],
    ['sku', mostly(oneOf(SKUS), wild)],
    ['when', mostly(datelikeText(nowMs), wild)],
    ['flag', mostly(fc.boolean(), wild)],
    ['value', wild],
    ['products', mostly(fc.array(product(any, EXACT_NUMBERS), { maxLength: 3 }), wild)],
    [
      'context',
      mostly(
        someOf([['page', someOf([['url', mostly(oneOf(URLS), wild)]], { min: 0, max: 1 })]], { min: 0, max: 1 }),
        wild,
      ),
    ],
    ['odd.key', oneOf(SKUS)],
    ['__proto__', wild],
  ];
  return someOf(members, { min: 2, max: 11 });
}

/** Never empty: whether an empty context is kept is nobody's promise. */
export function context(nowMs: number): fc.Arbitrary<JsonObject> {
  const any = anyScalar(nowMs);
  const page = someOf(
    [
      ['url', oneOf(URLS)],
      ['title', oneOf(NAMES)],
    ],
    { min: 1, max: 2 },
  );
  const externalIds = fc.array(fc.constantFrom(...EXTERNAL_IDS), { minLength: 1, maxLength: 2 });
  const device = someOf(
    [
      ['id', oneOf(DEVICE_IDS)],
      ['advertisingId', oneOf(DEVICE_IDS)],
      ['adTrackingEnabled', fc.boolean()],
    ],
    { min: 1, max: 3 },
  ).chain((ids) => fc.constantFrom('ios', 'Android', 'tv').map((type): JsonValue => ({ ...ids, type })));
  return someOf(
    [
      ['page', page],
      ['ip', any],
      ['externalIds', externalIds],
      ['device', device],
      [
        'traits',
        someOf(
          [
            ['email', oneOf(EMAILS)],
            ['phone', oneOf(PHONES)],
          ],
          { min: 1, max: 2 },
        ),
      ],
    ],
    { min: 1, max: 3 },
  );
}
