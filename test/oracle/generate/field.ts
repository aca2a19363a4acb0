/**
 * The paths that queries name, each with the scalars that documents hold there: literals drawn from the same pool hit.
 * `isExact` marks the ones whose numbers sum exactly in any order.
 */
import fc from 'fast-check';
import type { Operator } from '../../../src/model/expression.ts';
import type { JsonScalar } from '../naive/json-value.ts';
import { perMoment } from './per-moment.ts';
import {
  AGES,
  CITIES,
  COUNTRIES,
  EMAILS,
  EXACT_NUMBERS,
  NAMES,
  ODD_NUMBERS,
  RATES,
  SKUS,
  TIERS,
  URLS,
} from './pool.ts';
import { datelikeText, dateText } from './time.ts';

export interface Field {
  readonly path: string;
  readonly scalar: fc.Arbitrary<JsonScalar>;
  readonly isExact: boolean;
  /** Operators that can be true of such values; the others are asked less often. */
  readonly suits: readonly Operator[];
}

const ANY: readonly Operator[] = [
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
  'contains',
];
const ORDER: readonly Operator[] = ['eq', 'in', 'not_in', 'lt', 'lte', 'gt', 'gte', 'between'];
const TEXT: readonly Operator[] = [...ORDER, 'contains', 'not_contains', 'starts_with', 'ends_with', 'matches'];
const DATE: readonly Operator[] = [
  'lt',
  'lte',
  'gt',
  'gte',
  'between',
  'before',
  'after',
  'within_last',
  'within_next',
  'older_than',
];
const LIST: readonly Operator[] = ['contains', 'contains', 'not_contains', 'eq', 'in', 'exists', 'starts_with'];
const FLAG: readonly Operator[] = ['eq', 'neq', 'exists'];

/** Any type; numbers that sum exactly. */
export const anyScalar = perMoment((nowMs): fc.Arbitrary<JsonScalar> => {
  return fc.oneof(
    fc.constantFrom<JsonScalar>(...EXACT_NUMBERS),
    fc.constantFrom<JsonScalar>(...NAMES, ...SKUS, ...TIERS),
    fc.boolean(),
    dateText(nowMs),
    // Alike as text, different in type.
    fc.constantFrom<JsonScalar>(50, '50', true, 'true', 0, '0', ''),
  );
});

function field(path: string, suits: readonly Operator[], scalar: fc.Arbitrary<JsonScalar>, isExact = true): Field {
  return { path, suits, scalar, isExact };
}

export const traitFields = perMoment((nowMs): readonly Field[] => {
  const any = anyScalar(nowMs);
  return [
    field('country', TEXT, fc.constantFrom<JsonScalar>(...COUNTRIES)),
    field('age', ORDER, fc.constantFrom<JsonScalar>(...AGES)),
    field('balance', ORDER, fc.constantFrom<JsonScalar>(...ODD_NUMBERS), false),
    field('name', TEXT, fc.constantFrom<JsonScalar>(...NAMES)),
    field('vip', FLAG, fc.boolean()),
    ...['birthday', 'birthday', 'birthday'].map((path) => field(path, DATE, datelikeText(nowMs))),
    field('plan', ANY, any),
    field('plan.tier', TEXT, fc.constantFrom<JsonScalar>(...TIERS)),
    field('tags', LIST, any),
    field('address', ANY, any),
    field('address.city', TEXT, fc.constantFrom<JsonScalar>(...CITIES)),
    field('address.geo.lat', ORDER, fc.constantFrom<JsonScalar>(...AGES)),
    field('products', ANY, any),
    field('products.sku', LIST, fc.constantFrom<JsonScalar>(...SKUS)),
    field('products.qty', ORDER, fc.constantFrom<JsonScalar>(...AGES)),
    field('products.tags', LIST, any),
    field('matrix', ORDER, fc.constantFrom<JsonScalar>(...AGES)),
    field('a\\.b', TEXT, fc.constantFrom<JsonScalar>(...SKUS)),
    field('a.b', TEXT, fc.constantFrom<JsonScalar>(...SKUS)),
    field('back\\\\slash', TEXT, fc.constantFrom<JsonScalar>(...SKUS)),
    field('__proto__', ANY, any),
    field('__proto__.x', TEXT, fc.constantFrom<JsonScalar>(...SKUS)),
    field('constructor', ANY, any),
    field('email', TEXT, fc.constantFrom<JsonScalar>(...EMAILS)),
    field('first_seen', DATE, dateText(nowMs)),
    field('last_seen', DATE, dateText(nowMs)),
    field('name.below', ANY, any),
    field('never.sent', ANY, any),
  ];
});

export const propertyFields = perMoment((nowMs): readonly Field[] => {
  const any = anyScalar(nowMs);
  return [
    // Named more often, because every event may carry them.
    ...['total', 'total', 'total', 'total', 'products.qty'].map((path) =>
      field(path, ORDER, fc.constantFrom<JsonScalar>(...EXACT_NUMBERS)),
    ),
    field('sku', TEXT, fc.constantFrom<JsonScalar>(...SKUS)),
    field('rate', ORDER, fc.constantFrom<JsonScalar>(...RATES), false),
    field('rate', ORDER, fc.constantFrom<JsonScalar>(...RATES), false),
    field('sku', TEXT, fc.constantFrom<JsonScalar>(...SKUS)),
    ...['when', 'when', 'when'].map((path) => field(path, DATE, datelikeText(nowMs))),
    field('flag', FLAG, fc.boolean()),
    field('value', ANY, any),
    field('value', ANY, any),
    field('products', ANY, any),
    field('products.sku', LIST, fc.constantFrom<JsonScalar>(...SKUS)),
    field('products.qty', ORDER, fc.constantFrom<JsonScalar>(...EXACT_NUMBERS)),
    field('context.page.url', TEXT, fc.constantFrom<JsonScalar>(...URLS)),
    field('context.ip', ANY, any),
    field('context.externalIds.type', TEXT, fc.constantFrom<JsonScalar>('crm', 'email')),
    field('odd\\.key', TEXT, fc.constantFrom<JsonScalar>(...SKUS)),
    field('__proto__', ANY, any),
    field('name', TEXT, fc.constantFrom<JsonScalar>(...NAMES)),
    field('group_id', TEXT, fc.constantFrom<JsonScalar>(...SKUS)),
    field('traits.tier', TEXT, fc.constantFrom<JsonScalar>(...TIERS)),
    field('never.sent', ANY, any),
  ];
});
