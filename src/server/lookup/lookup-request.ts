/** Checks what a lookup asks for, the same over HTTP and WebSocket. */
import { parseIsoDateMs } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type { LookupOptions } from '../../model/profile.ts';
import { type Address, parseAddress } from './address.ts';

/** Ids in one request: bounds the time that one caller holds the thread. */
export const MAX_LOOKUP_IDS = 1_000;
/** Newest events in one profile of an answer. */
export const MAX_LOOKUP_EVENTS = 10_000;
const MAX_FIELDS = 1_000;
/** The year 9999: what is a date at all. */
const MOMENT_MAX_MS = 253_402_300_799_999;

export function parseAddresses(ids: unknown): readonly Address[] {
  if (!Array.isArray(ids)) throw new EngineError('invalid_request', '"ids" must be a list of identifiers');
  if (ids.length > MAX_LOOKUP_IDS)
    throw new EngineError('invalid_request', `"ids" may name at most ${MAX_LOOKUP_IDS} profiles at once`);
  return ids.map(parseAddress);
}

/** What a JSON or msgpack request may choose. Undefined when nothing is given: the engine's fast path. */
export function parseLookupOptions(
  fields: unknown,
  events: unknown,
  at?: unknown,
  verbose?: unknown,
): LookupOptions | undefined {
  if (fields === undefined && events === undefined && at === undefined && verbose === undefined) return undefined;
  if (
    fields !== undefined &&
    (!Array.isArray(fields) || fields.length > MAX_FIELDS || !fields.every((field) => typeof field === 'string'))
  ) {
    throw new EngineError('invalid_request', '"fields" must be a list of trait paths');
  }
  if (events !== undefined && !isEventCount(events)) {
    throw new EngineError('invalid_request', `"events" must be a whole number from 0 to ${MAX_LOOKUP_EVENTS}`);
  }
  if (verbose !== undefined && typeof verbose !== 'boolean') {
    throw new EngineError('invalid_request', '"verbose" must be true or false');
  }
  return {
    fields: fields as readonly string[] | undefined,
    events: events as number | undefined,
    at: at === undefined ? undefined : momentMs('at', at),
    verbose,
  };
}

/** `?fields=a,b&events=20&at=2024-01-31&verbose=true`; undefined when the query string asks for nothing. */
export function parseLookupQuery(query: string): LookupOptions | undefined {
  const parameters = new URLSearchParams(query);
  const fields = parameters.get('fields');
  const events = parameters.get('events');
  return parseLookupOptions(
    fields === null ? undefined : fields.split(',').filter((field) => field !== ''),
    events === null ? undefined : numberOf(events),
    parameters.get('at') ?? undefined,
    truthOf('verbose', parameters.get('verbose')),
  );
}

/** A moment as callers give it: an ISO 8601 date or milliseconds since 1970, as a number or its digits. Errors: invalid_request. */
export function momentMs(name: string, value: unknown): number {
  const ms = typeof value !== 'string' ? value : /^-?\d{1,15}$/.test(value) ? Number(value) : parseIsoDateMs(value);
  if (typeof ms === 'number' && Number.isInteger(ms) && Math.abs(ms) <= MOMENT_MAX_MS) return ms;
  const shown = JSON.stringify(value)?.slice(0, 64);
  throw new EngineError(
    'invalid_request',
    `"${name}" must be an ISO 8601 date (2024-01-31, 2024-01-31T12:00:00Z) or milliseconds since 1970, not ${shown}`,
  );
}

/** A switch in a query string. Errors: invalid_request. */
export function truthOf(name: string, text: string | null): boolean | undefined {
  if (text === null) return undefined;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new EngineError('invalid_request', `"${name}" must be true or false`);
}

function numberOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function isEventCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_LOOKUP_EVENTS;
}
