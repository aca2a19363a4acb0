/**
 * One Segment-shaped item → what it does to a profile, or the code it is refused with. Only the shape is read here; whom it
 * belongs to and whether it was seen before is the model's business.
 */
import type { ErrorCode } from '../../../src/model/error.ts';
import { type BroughtIdentifiers, readIdentifiers } from './identifier-reader.ts';
import type { NaiveRules } from './identity-rules.ts';
import { instantOf } from './instant.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownValue, toJsonValue } from './json-value.ts';

export interface ItemTiming {
  readonly receivedAtMs: number;
  readonly sentAt?: unknown;
  readonly isImport?: boolean | undefined;
}
export interface ReadItem {
  readonly brought: BroughtIdentifiers;
  readonly isAlias: boolean;
  readonly messageId: string | undefined;
  readonly timeMs: number;
  readonly traits: JsonObject | undefined;
  readonly event: { readonly name: string; readonly properties: JsonObject } | undefined;
  readonly context: JsonObject | undefined;
}

const TYPES = ['identify', 'track', 'page', 'screen', 'group', 'alias'];

export function readItem(item: unknown, timing: ItemTiming, rules: NaiveRules): ReadItem | ErrorCode {
  const source = toJsonValue(item);
  if (!isJsonObject(source)) return 'invalid_item';
  const type = textOf(source, 'type') ?? '';
  if (type !== '' && !TYPES.includes(type)) return 'unknown_type';
  const userId = textOf(source, 'userId');
  const anonymousId = textOf(source, 'anonymousId');
  if (userId === undefined && anonymousId === undefined) return 'missing_user';
  if (type === '') return 'unknown_type';
  if (type === 'track' && textOf(source, 'event') === undefined) return 'missing_event';
  if (type === 'group' && textOf(source, 'groupId') === undefined) return 'missing_group_id';
  if (type === 'alias' && textOf(source, 'previousId') === undefined) return 'missing_previous_id';
  if (type === 'alias' && userId === undefined) return 'missing_user';
  return {
    brought: readIdentifiers(source, type, rules),
    isAlias: type === 'alias',
    messageId: textOf(source, 'messageId'),
    timeMs: storedTimeMs(source, timing),
    traits: type === 'identify' || type === 'alias' ? objectOf(source, 'traits') : undefined,
    event: eventOf(type, source),
    context: objectOf(source, 'context'),
  };
}

function textOf(source: JsonObject, key: string): string | undefined {
  const value = ownValue(source, key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function objectOf(source: JsonObject, key: string): JsonObject | undefined {
  const value = ownValue(source, key);
  return isJsonObject(value) ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? instantOf(value) : undefined;
}

/**
 * The client's clock is corrected by how far off it was when it sent, except for imports. `originalTimestamp` is the
 * client's own reading where a relay put another into `timestamp`: that one is corrected, the other taken as it is.
 */
function storedTimeMs(source: JsonObject, { receivedAtMs, sentAt, isImport }: ItemTiming): number {
  const timestamp = timeOf(ownValue(source, 'timestamp'));
  const original = timeOf(ownValue(source, 'originalTimestamp'));
  const sentAtMs = isImport === true ? undefined : timeOf(sentAt);
  if (sentAtMs === undefined) return timestamp ?? original ?? receivedAtMs;
  const ownMs = original ?? timestamp;
  return ownMs === undefined ? receivedAtMs : receivedAtMs - (sentAtMs - ownMs);
}

function eventOf(type: string, source: JsonObject): ReadItem['event'] {
  const properties = objectOf(source, 'properties') ?? {};
  if (type === 'track') return { name: textOf(source, 'event') ?? '', properties };
  if (type === 'page')
    return { name: 'Page Viewed', properties: { ...pick(source, ['name', 'category']), ...properties } };
  if (type === 'screen')
    return { name: 'Screen Viewed', properties: { ...pick(source, ['name', 'category']), ...properties } };
  if (type !== 'group') return undefined;
  const traits = objectOf(source, 'traits') ?? {};
  const group: JsonObject = Object.keys(traits).length === 0 ? {} : { traits };
  return { name: 'Group Joined', properties: { group_id: textOf(source, 'groupId') ?? '', ...properties, ...group } };
}

function pick(source: JsonObject, keys: readonly string[]): JsonObject {
  const entries = keys.map((key): [string, JsonValue | undefined] => [key, ownValue(source, key)]);
  return Object.fromEntries(entries.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
}
