/**
 * One Segment-shaped item → what it does to a profile, or the code it is refused with. Only the shape is read here; whom it
 * belongs to and whether it was seen before is the model's business.
 */
import type { ErrorCode } from '../../../src/model/error.ts';
import type { Identifier } from '../../../src/model/profile.ts';
import { instantOf } from './instant.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownValue, toJsonValue } from './json-value.ts';

export interface ItemTiming {
  readonly receivedAtMs: number;
  readonly sentAt?: unknown;
  readonly isImport?: boolean | undefined;
}
export interface ReadItem {
  readonly userId: string | undefined;
  /** Of an alias: its previousId, which from then on is another name of the user. */
  readonly anonymousId: string | undefined;
  readonly isAlias: boolean;
  readonly messageId: string | undefined;
  readonly timeMs: number;
  /** Attached first come, first owned. */
  readonly identifiers: readonly Identifier[];
  readonly traits: JsonObject | undefined;
  readonly event: { readonly name: string; readonly properties: JsonObject } | undefined;
  readonly context: JsonObject | undefined;
}

const TYPES = ['identify', 'track', 'page', 'screen', 'group', 'alias'];

export function readItem(item: unknown, timing: ItemTiming): ReadItem | ErrorCode {
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
  const traits = type === 'identify' ? (objectOf(source, 'traits') ?? {}) : undefined;
  return {
    userId,
    anonymousId: type === 'alias' ? textOf(source, 'previousId') : anonymousId,
    isAlias: type === 'alias',
    messageId: textOf(source, 'messageId'),
    timeMs: storedTimeMs(source, timing),
    identifiers: [...traitIdentifiers(traits), ...externalIdentifiers(source)],
    traits,
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

function traitIdentifiers(traits: JsonObject | undefined): readonly Identifier[] {
  if (traits === undefined) return [];
  return ['email', 'phone'].flatMap((type) => {
    const value = textOf(traits, type);
    return value === undefined ? [] : [{ type, value }];
  });
}

/** Only types that look like names; a user_id or anonymous_id has its own field. */
const EXTERNAL_TYPE = /^[a-z][a-z0-9_.]{0,63}$/;

function externalIdentifiers(source: JsonObject): readonly Identifier[] {
  const list = ownValue(objectOf(source, 'context') ?? {}, 'externalIds');
  if (!Array.isArray(list)) return [];
  return list.filter(isJsonObject).flatMap((entry) => {
    const [type, value] = [textOf(entry, 'type'), textOf(entry, 'id')];
    if (type === undefined || value === undefined || !EXTERNAL_TYPE.test(type)) return [];
    return type === 'user_id' || type === 'anonymous_id' ? [] : [{ type, value }];
  });
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
