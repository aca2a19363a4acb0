/** Checks what a lookup asks for, the same over HTTP and WebSocket. */
import { EngineError } from '../../model/error.ts';
import type { LookupOptions } from '../../model/profile.ts';
import { type Address, parseAddress } from './address.ts';

/** Ids in one request: bounds the time that one caller holds the thread. */
export const MAX_LOOKUP_IDS = 1_000;
/** Newest events in one profile of an answer. */
export const MAX_LOOKUP_EVENTS = 10_000;
const MAX_FIELDS = 1_000;

export function parseAddresses(ids: unknown): readonly Address[] {
  if (!Array.isArray(ids)) throw new EngineError('invalid_request', '"ids" must be a list of identifiers');
  if (ids.length > MAX_LOOKUP_IDS)
    throw new EngineError('invalid_request', `"ids" may name at most ${MAX_LOOKUP_IDS} profiles at once`);
  return ids.map(parseAddress);
}

/** `fields` and `events` of a JSON or msgpack request. Undefined when neither is given: the engine's fast path. */
export function parseLookupOptions(fields: unknown, events: unknown): LookupOptions | undefined {
  if (fields === undefined && events === undefined) return undefined;
  if (
    fields !== undefined &&
    (!Array.isArray(fields) || fields.length > MAX_FIELDS || !fields.every((field) => typeof field === 'string'))
  ) {
    throw new EngineError('invalid_request', '"fields" must be a list of trait paths');
  }
  if (events !== undefined && !isEventCount(events)) {
    throw new EngineError('invalid_request', `"events" must be a whole number from 0 to ${MAX_LOOKUP_EVENTS}`);
  }
  return { fields: fields as readonly string[] | undefined, events: events as number | undefined };
}

/** `?fields=a,b&events=20`; undefined when the query string asks for nothing. */
export function parseLookupQuery(query: string): LookupOptions | undefined {
  const parameters = new URLSearchParams(query);
  const fields = parameters.get('fields');
  const events = parameters.get('events');
  return parseLookupOptions(
    fields === null ? undefined : fields.split(',').filter((field) => field !== ''),
    events === null ? undefined : numberOf(events),
  );
}

function numberOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function isEventCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_LOOKUP_EVENTS;
}
