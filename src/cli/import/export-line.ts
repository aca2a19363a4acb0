/**
 * A line of `kith export` as the calls that make the same profile: its identifiers, traits, times of first and last sight, and the events,
 * where the export has them. Which call brought which identifier is not in an export, so the history of traits and of merges begins anew.
 */
import { EngineError } from '../../model/error.ts';
import type { Identifier, ProfileEvent } from '../../model/profile.ts';
import type { NdjsonRow } from './ndjson.ts';

type Item = Readonly<Record<string, unknown>>;

interface ExportedProfile {
  readonly identifiers: readonly Identifier[];
  readonly traits?: Item | undefined;
  readonly first_seen?: string | undefined;
  readonly last_seen?: string | undefined;
  readonly events?: readonly ProfileEvent[] | undefined;
}

export function isExportedProfile(row: NdjsonRow): boolean {
  return row['type'] === undefined && typeof row['id'] === 'string' && Array.isArray(row['identifiers']);
}

/** `messageId` names the n-th call of this line for ever. Errors: missing_user; invalid_item where the line has not the form of an export's. */
export function itemsOfExport(row: NdjsonRow, messageId: (index: number) => string): readonly Item[] {
  assertExported(row);
  const { identifiers, traits, first_seen: first, last_seen: last, events = [] } = row;
  const users = identifiers.filter(({ type }) => type === 'user_id');
  const primary = users[0] ?? identifiers.find(({ type }) => type === 'anonymous_id');
  if (primary === undefined) {
    throw new EngineError(
      'missing_user',
      'the profile has neither a user_id nor an anonymous_id, which every call needs',
    );
  }
  const ids = primary === users[0] ? { userId: primary.value } : { anonymousId: primary.value };
  const externalIds = identifiers
    .filter(({ type }) => type !== 'user_id' && type !== 'anonymous_id')
    .map(({ type, value }) => ({ type, id: value, collection: 'users', encoding: 'none' }));
  const items: Item[] = [{ type: 'identify', ...ids, timestamp: first, context: { externalIds } }];
  for (const one of identifiers) {
    if (one.type !== 'anonymous_id' || one === primary) continue;
    // Two visitors without a user are one by what they share.
    const shared = primary === users[0] ? ids : { context: { externalIds } };
    items.push({ type: 'identify', ...shared, anonymousId: one.value, timestamp: first });
  }
  for (const { value } of users.slice(1)) items.push({ type: 'alias', ...ids, previousId: value, timestamp: first });
  // Oldest first, as they came.
  for (const { event, timestamp, properties, messageId: own, context } of [...events].reverse()) {
    items.push({ type: 'track', ...ids, event, timestamp, properties, messageId: own, context });
  }
  items.push({ type: 'identify', ...ids, timestamp: last, traits });
  return items.map((item, index) => ({ ...item, messageId: item['messageId'] ?? messageId(index) }));
}

function assertExported(row: NdjsonRow): asserts row is NdjsonRow & ExportedProfile {
  const { identifiers, events = [] } = row;
  if (!Array.isArray(identifiers) || !identifiers.every(isIdentifier)) {
    throw new EngineError(
      'invalid_item',
      '"identifiers" must be a list of {"type","value"}, both texts, as kith export writes them',
    );
  }
  if (!Array.isArray(events) || !events.every(isObject)) {
    throw new EngineError('invalid_item', '"events" must be a list of objects, as kith export --events writes them');
  }
}

function isIdentifier(value: unknown): boolean {
  return (
    isObject(value) &&
    'type' in value &&
    'value' in value &&
    typeof value.type === 'string' &&
    typeof value.value === 'string'
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
