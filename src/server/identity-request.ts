/**
 * Checks the bodies of identity requests and turns names of people, which have two readings as texts (`server/lookup/address.ts`), into
 * identifiers. A field that is not known is refused with the nearest one: a slip in `dryRun` must not merge people.
 */

import { nearestWord } from '../base/nearest-word.ts';
import type { Gateway } from '../engine/gateway.ts';
import { EngineError } from '../model/error.ts';
import type { IdentityGraph, MergeRequest, UnmergeRequest } from '../model/identity-request.ts';
import type { Identifier } from '../model/profile.ts';
import { isRecord } from './http/json-text.ts';
import { type Address, typedIdentifier } from './lookup/address.ts';

/** Identifiers in one request. */
export const MAX_IDENTIFIERS = 1_000;
const SHOWN_LENGTH = 64;
const NOTHING = { fields: [] } as const;

/** Errors: invalid_request. `isDry` = the URL says so. */
export async function parseMergeRequest(json: unknown, engine: Gateway, isDry: boolean): Promise<MergeRequest> {
  const body = objectOf(json, ['into', 'from', 'dryRun'], '{"into":"user-1","from":"email:a@b.c"}');
  return {
    into: await identifierAt(engine, addressOf(body['into'], 'into')),
    from: await identifierAt(engine, addressOf(body['from'], 'from')),
    dryRun: isDry || flagOf(body['dryRun'], 'dryRun'),
  };
}

/** Errors: invalid_request, profile_not_found. */
export async function parseUnmergeRequest(json: unknown, engine: Gateway, isDry: boolean): Promise<UnmergeRequest> {
  const example = '{"profile":"user-1","merge":"merge_…"}';
  const body = objectOf(json, ['profile', 'merge', 'identifiers', 'dryRun'], example);
  const { merge, identifiers } = body;
  if ((merge === undefined) === (identifiers === undefined)) {
    throw wrong('give either "merge", the id of a journal entry, or "identifiers", one side of the cut');
  }
  if (merge !== undefined && (typeof merge !== 'string' || merge === '' || merge.length > SHOWN_LENGTH)) {
    throw wrong('"merge" must be the id of an entry of the journal, such as "merge_1f0c…"', 'merge');
  }
  const profile = await identifierAt(engine, addressOf(body['profile'], 'profile'));
  const dryRun = isDry || flagOf(body['dryRun'], 'dryRun');
  if (merge !== undefined) return { profile, merge, dryRun };
  if (!Array.isArray(identifiers) || identifiers.length === 0) {
    throw wrong('"identifiers" must be a list with at least one identifier', 'identifiers');
  }
  if (identifiers.length > MAX_IDENTIFIERS) {
    throw wrong(`"identifiers" may name at most ${MAX_IDENTIFIERS} at once`, 'identifiers');
  }
  const addresses = identifiers.map((identifier, i) => addressOf(identifier, `identifiers[${i}]`));
  const graph = await engine.identityGraph(profile);
  if (graph === undefined) throw profileNotFound(profile);
  return { profile, identifiers: addresses.map(readerOf(graph)), dryRun };
}

/** Graph of the profile that a text names; undefined when nobody has it. */
export async function identityGraphAt(engine: Gateway, address: Address): Promise<IdentityGraph | undefined> {
  return engine.identityGraph(await identifierAt(engine, address));
}

/** The reading that finds somebody; else the first, for the error to name. */
export async function identifierAt(engine: Gateway, address: Address): Promise<Identifier> {
  if (typeof address !== 'string') return address;
  const user = { type: 'user_id', value: address };
  const typed = typedIdentifier(address);
  if (typed === undefined) return user;
  const isOnlyUser =
    (await engine.lookupJson(typed, NOTHING)) === undefined && (await engine.lookupJson(user, NOTHING)) !== undefined;
  return isOnlyUser ? user : typed;
}

/** Of a text the reading that the profile has. */
function readerOf(graph: IdentityGraph): (address: Address) => Identifier {
  const held = new Set(graph.identifiers.map(({ type, value }) => `${type}:${value}`));
  return (address) => {
    if (typeof address !== 'string') return address;
    const user = { type: 'user_id', value: address };
    const typed = typedIdentifier(address);
    return typed === undefined || (!held.has(address) && held.has(`user_id:${address}`)) ? user : typed;
  };
}

/** `field` = where it stands, for the message. Errors: invalid_request. */
export function addressOf(value: unknown, field: string): Address {
  if (typeof value === 'string' && value !== '') return value;
  if (isRecord(value) && typeof value['type'] === 'string' && typeof value['value'] === 'string') {
    const stranger = Object.keys(value).find((key) => key !== 'type' && key !== 'value');
    if (stranger === undefined && value['type'] !== '' && value['value'] !== '') {
      return { type: value['type'], value: value['value'] };
    }
  }
  throw wrong(`"${field}" must be a text ("user-1", "email:a@b.c") or {"type","value"}`, field);
}

/** An object with no keys but these. Errors: invalid_request. */
export function objectOf(
  json: unknown,
  keys: readonly string[],
  example: string,
  name = 'the body',
): Readonly<Record<string, unknown>> {
  if (!isRecord(json)) throw wrong(`${name} must be a JSON object such as ${example}`);
  const stranger = Object.keys(json).find((key) => !keys.includes(key));
  if (stranger === undefined) return json;
  const suggestion = nearestWord(stranger, keys);
  const hint = suggestion === undefined ? `it has ${keys.join(', ')}` : `did you mean "${suggestion}"?`;
  const field = stranger.slice(0, SHOWN_LENGTH);
  throw new EngineError('invalid_request', `${name} has no field ${JSON.stringify(field)}; ${hint}`, {
    details: { field, ...(suggestion === undefined ? {} : { suggestion }) },
  });
}

export function flagOf(value: unknown, field: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw wrong(`"${field}" must be true or false`, field);
}

export function wrong(message: string, field?: string): EngineError {
  return new EngineError('invalid_request', message, field === undefined ? {} : { details: { field } });
}

export function profileNotFound({ type, value }: Identifier): EngineError {
  return new EngineError('profile_not_found', `nobody has ${`${type}:${value}`.slice(0, 200)}`);
}
