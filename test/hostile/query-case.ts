/** Questions that must be refused, each with the codes it may be refused by. All are JSON or text as a caller could send it. */
import type { ErrorCode } from '../../src/model/error.ts';

export interface BadQuestion {
  readonly name: string;
  readonly request: unknown;
  readonly codes: readonly ErrorCode[];
  /** Too deep for JSON.stringify. */
  readonly isDeep?: boolean | undefined;
}

const LEAF = { trait: 'plan', op: 'eq', value: 'pro' };
const STEP = { event: 'Order Completed' };

/** Built without recursion, so that only the engine meets the depth. */
export function nested(depth: number, wrap: (inner: unknown) => unknown, core: unknown = LEAF): unknown {
  let inner = core;
  for (let i = 0; i < depth; i++) inner = wrap(inner);
  return inner;
}

function times<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const DEPTHS: readonly BadQuestion[] = [
  {
    name: 'not in not',
    request: { where: nested(5_000, (not) => ({ not })) },
    isDeep: true,
    codes: ['query_too_large'],
  },
  {
    name: 'and in and',
    request: { where: nested(5_000, (and) => ({ and: [and, LEAF] })) },
    isDeep: true,
    codes: ['query_too_large'],
  },
  {
    name: 'lists in lists',
    request: { where: { trait: 'plan', op: 'in', value: nested(5_000, (list) => [list], 'pro') } },
    isDeep: true,
    codes: ['query_type'],
  },
  {
    name: 'parentheses',
    request: { where: `${'('.repeat(20_000)}everyone` },
    codes: ['query_too_large', 'query_syntax'],
  },
  { name: 'nots in a text', request: { where: `${'not '.repeat(16_000)}everyone` }, codes: ['query_too_large'] },
  {
    name: 'a value of objects',
    request: { where: { trait: 'plan', op: 'eq', value: nested(5_000, (trait) => ({ trait })) } },
    isDeep: true,
    codes: ['query_type'],
  },
];

const SIZES: readonly BadQuestion[] = [
  { name: 'very many conditions', request: { where: { or: times(10_001, () => LEAF) } }, codes: ['query_too_large'] },
  ...['or', 'and'].map((kind) => ({
    name: `very many conditions on events in ${kind}`,
    request: { where: { [kind]: times(1_001, (i) => ({ event: 'Clicked', count: { op: 'gte', value: i + 1 } })) } },
    codes: ['query_too_large'] as const,
  })),
  {
    name: 'very many conditions on properties',
    request: {
      where: {
        or: times(501, (i) => ({ ...STEP, where: [{ property: 'total', op: 'contains', value: { trait: `t${i}` } }] })),
      },
    },
    codes: ['query_too_large'],
  },
  {
    name: 'a very long list',
    request: { where: { trait: 'plan', op: 'in', value: times(10_001, (i) => i) } },
    codes: ['query_too_large'],
  },
  { name: 'a very long text', request: { where: `plan = "${'x'.repeat(70_000)}"` }, codes: ['query_too_large'] },
  {
    name: 'very many conditions in a text',
    request: {
      where: times(5_000, () => 'a = 1')
        .join(' or ')
        .padEnd(70_000),
    },
    codes: ['query_too_large'],
  },
  {
    name: 'a sequence of very many steps',
    request: { where: { sequence: times(10_001, () => STEP) } },
    codes: ['query_too_large'],
  },
  {
    name: 'a where of very many conditions',
    request: { where: { ...STEP, where: times(10_001, () => ({ property: 'total', op: 'gt', value: 1 })) } },
    codes: ['query_too_large'],
  },
  {
    name: 'a funnel of very many steps',
    request: { as: 'funnel', funnel: { steps: times(10_001, () => STEP) } },
    codes: ['query_too_large', 'query_invalid'],
  },
  {
    name: 'a breakdown by very many fields',
    request: { as: 'breakdown', breakdown: { by: times(10_001, (i) => `t${i}`) } },
    codes: ['query_too_large', 'query_invalid'],
  },
  {
    name: 'an overlap of very many segments',
    request: { as: 'overlap', overlap: { segments: times(10_001, (i) => ({ name: `s${i}`, where: LEAF })) } },
    codes: ['query_too_large', 'query_invalid'],
  },
  {
    name: 'very many percentiles',
    request: { as: 'aggregate', aggregate: { fn: 'percentile', trait: 'age', p: times(10_001, () => 50) } },
    codes: ['query_too_large', 'query_invalid'],
  },
  {
    name: 'very many periods',
    request: { as: 'retention', retention: { cohort: STEP, period: 'day', periods: 1e9 } },
    codes: ['query_too_large', 'query_invalid'],
  },
  {
    name: 'very many scores',
    request: { as: 'rfm', rfm: { ...STEP, amount: 'total', scores: 1e9 } },
    codes: ['query_too_large', 'query_invalid'],
  },
  { name: 'a very large page', request: { as: 'ids', limit: 1e9 }, codes: ['query_invalid'] },
];

const PATTERNS: readonly BadQuestion[] = [
  ...['(?=a)b', '(?<!a)b', '(a)\\1', 'a{17}', '(a', '[z-a]', '(?<n>a)(?<n>b)', '*'].map((value) => ({
    name: `the pattern ${value}`,
    request: { where: { trait: 'plan', op: 'matches', value } },
    codes: ['query_invalid'] as const,
  })),
  {
    name: 'a very long pattern',
    request: { where: { trait: 'plan', op: 'matches', value: 'a|'.repeat(5_000) } },
    codes: ['query_too_large'],
  },
  {
    name: 'repeats of repeats',
    request: { where: { trait: 'plan', op: 'matches', value: String(nested(10, (inner) => `(${inner}){16}`, 'a')) } },
    codes: ['query_invalid'],
  },
];

const WINDOWS: readonly BadQuestion[] = [
  { last: '-1d' },
  { last: '1e9d' },
  { last: 7 },
  { last: '30d', from: '2024-01-01' },
  { between: ['1d', '2d'] },
  { between: ['1d'] },
  { from: '2024-02-30' },
  { from: '2024-01-02', to: '2024-01-01' },
  { calendar: 'fortnight' },
  { calendar: 'day', offset: 1e15 },
  { calendar: 'day', offset: 0.5 },
  { calendar: 'day', timeZone: 'Atlantis/Capital' },
  { calendar: 'day', timeZone: '../../etc/passwd' },
  {},
  [],
  null,
].map((window) => ({
  name: `the window ${JSON.stringify(window)}`,
  request: { where: { ...STEP, window } },
  codes: ['query_invalid', 'query_type'],
}));

const TYPES: readonly BadQuestion[] = [
  { trait: 'plan', op: 'before', value: 'yesterday' },
  { trait: 'plan', op: 'lt', value: true },
  { trait: 'plan', op: 'lt', value: [1] },
  { trait: 'plan', op: 'between', value: [1, 'x'] },
  { trait: 'plan', op: 'starts_with', value: 5 },
  { trait: 'plan', op: 'eq', value: null },
  { trait: 'plan', op: 'eq', value: { trait: 'a', property: 'b' } },
  { trait: 'plan', op: 'eq', value: { property: 'b' } },
  { trait: 'plan', op: 'within_last', value: { trait: 'a' } },
  { trait: 'plan', op: 'exists', value: 1 },
  { trait: 'plan', op: 'constructor', value: 1 },
  { trait: '', op: 'exists' },
  { event: 'x', count: { op: 'gte', value: -1 } },
  { event: 'x', count: { op: 'gte', value: 1.5 } },
  { event: 'x', count: { op: 'gte', value: 1 }, aggregate: { fn: 'sum', property: 'p', op: 'gt', value: 1 } },
  { event: 'x', aggregate: { fn: 'sum', property: 'p', op: 'contains', value: 'a' } },
  { event: 'x', aggregate: { fn: '__proto__', property: 'p', op: 'gt', value: 1 } },
  { sequence: [] },
  { sequence: [{ ...STEP, within: '1d' }, STEP] },
  { sequence: [{ ...STEP, nth: 'second' }, STEP] },
  { sequence: [STEP, { ...STEP, without: { event: '' } }] },
  { random: { salt: 's', from: 0.5, to: 0.1 } },
  { random: { salt: 's', from: -1, to: 2 } },
  { random: { salt: '', from: 0, to: 1 } },
  { segment: 5 },
  { trait: 'plan', op: 'eq', value: 1, valeu: 2 },
].map((where) => ({
  name: `the condition ${JSON.stringify(where)}`,
  request: { where },
  codes: ['query_invalid', 'query_type'],
}));

const ANALYSES: readonly BadQuestion[] = [
  { as: 'breakdown' },
  { as: 'breakdown', breakdown: { by: [] } },
  { as: 'breakdown', breakdown: { by: [{ property: 'sku' }] } },
  { as: 'breakdown', breakdown: { by: ['plan'], limit: 0 } },
  { as: 'breakdown', breakdown: { by: ['plan'], aggregate: { fn: 'sum', property: 'x' } } },
  { as: 'breakdown', breakdown: { by: [{ period: 'hour' }], event: 'x' } },
  { as: 'funnel' },
  { as: 'funnel', funnel: { steps: [] } },
  { as: 'funnel', funnel: { steps: [STEP, STEP], within: 'soon' } },
  { as: 'funnel', funnel: { steps: [{ ...STEP, without: STEP }, STEP] } },
  { as: 'retention', retention: { cohort: STEP, period: 'year' } },
  { as: 'retention', retention: { period: 'day' } },
  { as: 'rfm', rfm: { event: 'x' } },
  { as: 'rfm', rfm: { event: 'x', amount: 'y', scores: 1 } },
  { as: 'rfm', rfm: { event: 'x', amount: 'y', members: { cell: 'kings' } } },
  { as: 'overlap', overlap: { segments: [] } },
  {
    as: 'overlap',
    overlap: {
      segments: [
        { name: 'a', where: LEAF },
        { name: 'a', where: LEAF },
      ],
    },
  },
  { as: 'aggregate', aggregate: { fn: 'percentile', trait: 'age' } },
  { as: 'aggregate', aggregate: { fn: 'percentile', trait: 'age', p: 0 } },
  { as: 'aggregate', aggregate: { fn: 'percentile', trait: 'age', p: [] } },
  { as: 'aggregate', aggregate: { fn: 'median' } },
  { as: 'count', funnel: { steps: [STEP, STEP] } },
  { as: 'everything' },
  { as: 'count', at: 'once' },
  { as: 'count', mode: 'guess' },
].map((request) => ({
  name: JSON.stringify(request),
  request,
  codes: ['query_invalid', 'query_type'],
}));

export const BAD_QUESTIONS: readonly BadQuestion[] = [
  ...DEPTHS,
  ...SIZES,
  ...PATTERNS,
  ...WINDOWS,
  ...TYPES,
  ...ANALYSES,
];

/** One valid request of each kind: what the mutations start from. */
export const GOOD_REQUESTS: readonly object[] = [
  { where: { and: [LEAF, { not: { segment: 'plain' } }] }, as: 'ids', limit: 3, at: '2024-01-01', timeoutMs: 1_000 },
  { where: { trait: 'age', op: 'between', value: [1, 5] }, as: 'profiles', fields: ['plan'], events: 2 },
  {
    where: { sequence: [STEP, { event: 'Clicked', within: '7d', without: STEP }], window: { last: '30d' } },
    as: 'count',
    mode: 'estimate',
    explain: true,
    strict: false,
    optimizer: { off: ['flatten'] },
  },
  { where: { random: { salt: 's', from: 0, to: 0.5 } } },
  {
    where: {
      event: 'Clicked',
      where: [{ property: 'total', op: 'gt', value: { trait: 'age' } }],
      count: { op: 'gte', value: 2 },
    },
  },
  { where: { event: 'Clicked', aggregate: { fn: 'first', property: 'sku', op: 'matches', value: '^A' } } },
  {
    as: 'aggregate',
    aggregate: { fn: 'percentile', event: 'Clicked', property: 'total', p: [50, 90], window: { last: '30d' } },
  },
  {
    as: 'breakdown',
    breakdown: {
      by: ['plan', { property: 'sku' }, { period: 'month', timeZone: 'Europe/Berlin' }],
      event: 'Clicked',
      aggregate: { fn: 'sum', property: 'total' },
      limit: 3,
    },
  },
  {
    as: 'funnel',
    funnel: { steps: [STEP, { event: 'Clicked', without: STEP }], within: '1d', by: { property: 'sku' } },
  },
  {
    as: 'retention',
    retention: { cohort: STEP, return: { event: 'Clicked' }, period: 'week', periods: 4, timeZone: 'UTC' },
  },
  { as: 'rfm', rfm: { event: 'Order Completed', amount: 'total', scores: 4, members: { limit: 2, cell: 'new' } } },
  { as: 'overlap', overlap: { segments: ['plain', { name: 'other', where: LEAF }] } },
];

export const GOOD_TEXTS: readonly string[] = [
  'plan = "pro" and did "Order Completed" at least 3 times in last 30d',
  'did "Order Completed" where (total >= 50 and sku = "A1") in last 30d or not (plan does not exist)',
  'did "Page Viewed" first then "Order Completed" where sku = "A1" within 15m in last 90d',
  'did "Clicked" then "Order Completed" within 2d without "Page Viewed" where sku = "A1"',
  'sum of total over "Order Completed" in last 90d > 500 and not in segment plain',
  'count distinct of products.sku over "Order Completed" in calendar month -1 in "Europe/Berlin" >= 2',
  'random "exp-7" from 0 to 0.1 or `e-mail address` ends with ".de"',
  'did "Order Completed" where total > trait age between 90d and 30d ago',
];
