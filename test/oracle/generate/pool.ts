/**
 * The small pools that everything is drawn from, so that documents and literals collide often. Numbers that may be summed
 * are multiples of a quarter and small enough that every order of summing is exact; the odd ones stay in traits.
 */
export const EXACT_NUMBERS = [0, 1, 2, 9.5, 19.75, 49.25, 50, 100, -20.5, 1_000_000, 2 ** 40];
export const ODD_NUMBERS = [
  0.1,
  0.2,
  0.30000000000000004,
  0.3,
  19.99,
  -2.5,
  1e308,
  -1e308,
  5e-324,
  2 ** 53,
  2 ** 53 + 2,
  -0,
];
export const RATES = [0.1, 0.2, 0.3, 19.99, 49.95, -2.5];
/** Never equal to a sum or an average of a few rates, nor within rounding of one. */
export const RATE_THRESHOLDS = [0.1234567, 7.7654321, 33.3111111, -1.0543217, 120.7654321];
export const AGES = [-1, 0, 17, 18, 18.5, 42, 65];

export const COUNTRIES = ['DE', 'AT', 'US', '日本', ''];
export const NAMES = [
  'Ann',
  'ann',
  'Anna',
  'Änn',
  'A\u0308nn',
  '😀 Bob',
  "O'Brien",
  'say "hi"',
  '',
  'a\\b',
  'ｚ',
  ' Ann ',
  'two\nlines',
];
export const SKUS = ['A1', 'A10', 'B2', 'ß', '50', 'true'];
export const TIERS = ['free', 'pro', 'enterprise', '2024-03-01'];
export const CITIES = ['Berlin', 'Wien', 'São Paulo', 'Bern'];
export const URLS = ['https://kith.test/', 'https://kith.test/cart', '/cart', '/'];
/** Patterns that mean the same in every linear-time dialect and in JavaScript. */
export const PATTERNS = [
  '^A',
  'n+',
  '[a-z]{2,}',
  '(DE|AT)$',
  '\\d',
  '^$',
  '^.$',
  '😀',
  '\\.',
  '^[^a]*$',
  'Bob|Ann',
  '^2024-0[1-3]',
];
/** Texts near a date that are none: they order as text. */
export const NEAR_DATES = [
  '2024-02-30',
  '2024-3-1',
  '2024-03-01T10:00:00',
  '20240301',
  '2024-03-01t10:00z',
  '2024-03-01T24:00Z',
  ' 2024-03-01',
];

export const USER_IDS = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'ü-7', '__proto__', 'a:b'];
export const ANONYMOUS_IDS = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'u1'];
/** Ids that are no one's: what programs send when they have none. */
export const BLOCKED_IDS = ['null', '0', 'N/A', ' ', 'Anonymous'];
/** Two of them are of one mailbox, two are of none. */
export const EMAILS = [
  'ann@kith.test',
  'bob@kith.test',
  'Ann@kith.test',
  ' cy@KITH.test',
  'dee@kith.test',
  'no@email.com',
  'at home',
];
/** The first two are no numbers, the next two are one. */
export const PHONES = ['+49 30 1', '+49301', '+49 30 901820', '+4930901820', '+1 202-456-1111'];
export const DEVICE_IDS = ['D-1', 'd-1', 'd-2', '00000000-0000-0000-0000-000000000000'];
/** The default rules, and others with limits that a few people meet. */
export const IDENTITY_SETTINGS: readonly Readonly<Record<string, unknown>>[] = [
  {},
  {},
  {},
  {
    types: [
      { type: 'user_id', limit: 2 },
      { type: 'anonymous_id', limit: { value: 2, window: 'weekly' } },
      { type: 'email', limit: 1 },
    ],
  },
  {
    types: [
      { type: 'email', limit: { value: 1, window: 'weekly' }, canMerge: false },
      { type: 'crm', limit: { value: 1, window: 'weekly' }, priority: 0 },
      { type: 'anonymous_id', limit: 1 },
      { type: 'phone', limit: 0 },
    ],
    blocked: ['u6', { pattern: '^a4' }],
  },
  { types: [{ type: 'user_id', normalise: 'lower', limit: { value: 3, window: 'monthly' } }] },
];
export const EXTERNAL_IDS = [
  { type: 'crm', id: 'c1' },
  { type: 'crm', id: 'c2' },
  { type: 'email', id: 'ann@kith.test' },
  { type: '__proto__', id: 'p1' },
  { type: 'email', id: 'BOB@kith.test' },
  { type: 'fingerprint', id: 'f1' },
  { type: 'fingerprint', id: 'f2' },
  { type: 'group_id', id: 'g1' },
];
export const EVENT_NAMES = [
  'Order Completed',
  'Clicked',
  'Page Viewed',
  'Screen Viewed',
  'Group Joined',
  '__proto__',
  'Zoë 😀',
];
/** What sequences and funnels are about: the names that most events have, each as often as it stands here. */
export const VISIT_EVENTS = [
  'Order Completed',
  'Order Completed',
  'Order Completed',
  'Clicked',
  'Clicked',
  'Page Viewed',
];

export const DURATIONS = ['1ms', '500ms', '30s', '90m', '12h', '1d', '7d', '30d', '2w', '52w', '365d'];
/** What lies between two of the times that events have, and the milliseconds around them. */
export const STEP_DURATIONS = [
  '0ms',
  '1ms',
  '2ms',
  '12h',
  '1d',
  '36h',
  '6d',
  '156h',
  '7d',
  '14d',
  '43200001ms',
  '86399999ms',
];
/** Saved conditions; each may name those before it. */
export const SEGMENT_KEYS = ['plain', 'nested', 'deep.er', 'diamond-1'];
export const SALTS = ['exp-7', 'ü', 'a b', '__proto__'];
export const HOT_DURATIONS = ['12h', '1d', '7d'];
export const TIME_ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'America/Sao_Paulo',
  'Pacific/Auckland',
];
export const CALENDAR_UNITS = ['day', 'week', 'month', 'quarter', 'year'] as const;
/** Moments worth asking at, each with the time zone most asked about there: days on which its clocks change, and plain ones. */
export const ANCHORS = [
  { at: '2024-03-15T12:00:00.000Z', timeZone: 'Asia/Kolkata' },
  { at: '2024-02-29T23:59:59.999Z', timeZone: 'UTC' },
  { at: '2024-01-01T00:00:00.000Z', timeZone: 'UTC' },
  { at: '2024-03-31T01:30:00.000Z', timeZone: 'Europe/Berlin' },
  { at: '2024-11-03T05:30:00.000Z', timeZone: 'America/New_York' },
  { at: '2018-11-04T12:00:00.000Z', timeZone: 'America/Sao_Paulo' },
  { at: '2023-12-31T11:15:00.000Z', timeZone: 'Pacific/Auckland' },
];
