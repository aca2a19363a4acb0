/**
 * The generated population as DuckDB tables, in the most compact form found: columns of the narrowest type that holds
 * the values, texts with few values as ENUM, message ids as UUID, one table for each event name with columns of its own
 * (those with the same properties share one), and a row number instead of the user id as reference.
 */
import {
  DuckDBDateValue,
  DuckDBTimestampMillisecondsValue,
  type DuckDBValue,
  listValue,
  uuidValue,
} from '@duckdb/node-api';
import { parseIsoDateMs } from '../../src/base/iso-date.ts';
import { DAY_MS } from '../../src/generator/population.ts';
import type { GeneratedProfile } from '../../src/generator/profile.ts';
import type { GeneratedEvent } from '../../src/generator/timeline.ts';
import {
  CATEGORIES,
  CHANNELS,
  COUNTRIES,
  DEVICES,
  EVENT_NAMES,
  FIRST_NAMES,
  LAST_NAMES,
  PAGES,
  PLANS,
  REFERRERS,
} from '../../src/generator/vocabulary.ts';

const SKU_COUNT = 2_000;
const TAG_COUNT = 1_000;
const numbered = (prefix: string, count: number, width: number): string[] =>
  Array.from({ length: count }, (_, index) => prefix + String(index).padStart(width, '0'));

const ENUMS: Readonly<Record<string, readonly string[]>> = {
  event_name: EVENT_NAMES,
  category_name: CATEGORIES,
  path_text: [...PAGES, ...CATEGORIES.map((category) => `/c/${category}`)],
  referrer_name: REFERRERS,
  sku_text: numbered('SKU-', SKU_COUNT, 4),
  tag_name: numbered('tag-', TAG_COUNT, 3),
  country_code: COUNTRIES.map(({ code }) => code),
  city_name: COUNTRIES.flatMap(({ cities }) => cities),
  language_code: COUNTRIES.map(({ language }) => language),
  currency_code: COUNTRIES.map(({ currency }) => currency),
  first_text: FIRST_NAMES,
  last_text: LAST_NAMES,
  plan_name: PLANS,
  device_name: DEVICES,
  channel_name: CHANNELS,
};

const TRAIT_TYPES: Readonly<Record<string, string>> = {
  email: 'VARCHAR',
  first_name: 'first_text',
  last_name: 'last_text',
  country: 'country_code',
  city: 'city_name',
  language: 'language_code',
  currency: 'currency_code',
  plan: 'plan_name',
  age: 'UTINYINT',
  ltv: 'DOUBLE',
  score: 'DOUBLE',
  loyalty_points: 'USMALLINT',
  signup_date: 'DATE',
  device: 'device_name',
  channel: 'channel_name',
  consent_email: 'BOOLEAN',
  consent_sms: 'BOOLEAN',
  consent_push: 'BOOLEAN',
  consent_ads: 'BOOLEAN',
  is_verified: 'BOOLEAN',
  is_vip: 'BOOLEAN',
  has_app: 'BOOLEAN',
  has_card_on_file: 'BOOLEAN',
  tags: 'tag_name[]',
};

const PROPERTY_TYPES: Readonly<Record<string, string>> = {
  path: 'path_text',
  referrer: 'referrer_name',
  load_ms: 'USMALLINT',
  sku: 'sku_text',
  category: 'category_name',
  price: 'DOUBLE',
  quantity: 'UTINYINT',
  order_id: 'VARCHAR',
  total: 'DOUBLE',
  shipping: 'DOUBLE',
  coupon: 'BOOLEAN',
  position: 'UTINYINT',
};

const OTHER_TABLE = 'Other';
const TABLES: Readonly<Record<string, readonly string[]>> = {
  'Page Viewed': ['path', 'referrer', 'load_ms'],
  'Product Viewed': ['sku', 'category', 'price'],
  'Product Added': ['sku', 'category', 'price', 'quantity'],
  'Order Completed': ['order_id', 'total', 'shipping', 'sku', 'category', 'price', 'quantity', 'coupon'],
  [OTHER_TABLE]: ['category', 'position'],
};

export const EVENT_TABLES: readonly string[] = Object.keys(TABLES);
export const PROFILE_TABLE = 'profiles';

export function schemaSql(): readonly string[] {
  const enums = Object.entries(ENUMS).map(
    ([name, values]) => `CREATE TYPE ${name} AS ENUM (${[...new Set(values)].map((value) => `'${value}'`).join(', ')})`,
  );
  const traits = Object.entries(TRAIT_TYPES).map(([name, type]) => `${name} ${type}`);
  const events = Object.entries(TABLES).map(([table, properties]) => {
    const name = table === OTHER_TABLE ? ['event event_name'] : [];
    const own = properties.map((property) => `${property} ${PROPERTY_TYPES[property]}`);
    const columns = ['"user" UINTEGER', 'ts TIMESTAMP_MS', 'message_id UUID', ...name, ...own];
    return `CREATE TABLE "${table}" (${columns.join(', ')})`;
  });
  return [
    ...enums,
    `CREATE TABLE ${PROFILE_TABLE} ("user" UINTEGER, user_id VARCHAR, ${traits.join(', ')})`,
    ...events,
  ];
}

export function profileRow(user: number, { userId, traits }: GeneratedProfile): readonly DuckDBValue[] {
  const values = Object.entries(TRAIT_TYPES).map(([name, type]): DuckDBValue => {
    const value = traits[name];
    if (type === 'DATE') return new DuckDBDateValue(parseIsoDateMs(value as string) / DAY_MS);
    return typeof value === 'object' ? listValue(value) : value;
  });
  return [user, userId, ...values];
}

export function eventTable({ event }: GeneratedEvent): string {
  return event in TABLES ? event : OTHER_TABLE;
}

export function eventRow(user: number, item: GeneratedEvent): readonly DuckDBValue[] {
  const { event, timestampMs, messageId, properties } = item;
  const table = eventTable(item);
  const id = uuidValue(BigInt(`0x${messageId.replaceAll('-', '')}`));
  const own = TABLES[table].map((property) => properties[property]);
  const head: DuckDBValue[] = [user, new DuckDBTimestampMillisecondsValue(BigInt(timestampMs)), id];
  return table === OTHER_TABLE ? [...head, event, ...own] : [...head, ...own];
}
