/**
 * Writes the profiles of many addresses into one answer, in the order asked, null for who is not known. While the engine answers at once,
 * its bytes go into the page one by one. From the first address that it answers later, `LateProfiles` are given instead: the page is
 * shared, so the writer takes it up again when they are there.
 */
import { type Awaitable, isPromise } from '../../base/awaitable.ts';
import type { Gateway } from '../../engine/gateway.ts';
import type { LookupOptions } from '../../model/profile.ts';
import { type Address, lookupJsonAt } from './address.ts';
import type { BytePage } from './byte-page.ts';
import { hasLookupMany, type LateProfiles, manyProfiles, restOfProfiles } from './late-profiles.ts';

const COMMA = 0x2c;
const JSON_NULL = Buffer.from('null');
const MSGPACK_NIL = 0xc0;
const MSGPACK_ARRAY_32 = 0xdd;
const MSGPACK_STRING_32 = 0xdb;

type Found = readonly (Uint8Array | undefined)[];

/** `[{…},null,{…}]`: the engine's bytes as they are. Late ones are for `finishProfilesJson`. Hot (bench: lookup-batch). */
export function writeProfilesJson(
  page: BytePage,
  engine: Gateway,
  addresses: readonly Address[],
  options?: LookupOptions,
): LateProfiles | undefined {
  page.text('[');
  if (hasLookupMany(engine) && addresses.length > 0) return manyProfiles(engine, addresses, options);
  for (let i = 0; i < addresses.length; i += 1) {
    const json = lookupJsonAt(engine, addresses[i], options);
    if (isPromise(json)) return restOfProfiles(engine, addresses, i, json, options);
    if (i > 0) page.byte(COMMA);
    page.bytes(json ?? JSON_NULL);
  }
  page.text(']');
  return undefined;
}

/** The profiles from the one at `index` on, and the end of the list. */
export function finishProfilesJson(page: BytePage, index: number, found: Found): void {
  for (let i = 0; i < found.length; i += 1) {
    if (index + i > 0) page.byte(COMMA);
    page.bytes(found[i] ?? JSON_NULL);
  }
  page.text(']');
}

/** A msgpack array whose elements are the profiles' JSON texts as msgpack strings, or nil. Late ones are for `writeAsStrings`. */
export function writeProfilesAsStrings(
  page: BytePage,
  engine: Gateway,
  addresses: readonly Address[],
  options?: LookupOptions,
): LateProfiles | undefined {
  page.byte(MSGPACK_ARRAY_32);
  page.uint32(addresses.length);
  if (hasLookupMany(engine) && addresses.length > 0) return manyProfiles(engine, addresses, options);
  for (let i = 0; i < addresses.length; i += 1) {
    const json = lookupJsonAt(engine, addresses[i], options);
    if (isPromise(json)) return restOfProfiles(engine, addresses, i, json, options);
    writeAsString(page, json);
  }
  return undefined;
}

export function writeAsStrings(page: BytePage, found: Found): void {
  for (const json of found) writeAsString(page, json);
}

function writeAsString(page: BytePage, json: Uint8Array | undefined): void {
  if (json === undefined) page.byte(MSGPACK_NIL);
  else {
    page.byte(MSGPACK_STRING_32);
    page.uint32(json.length);
    page.bytes(json);
  }
}

/** As objects, null for who is not known. */
export function parsedProfiles(
  engine: Gateway,
  addresses: readonly Address[],
  options?: LookupOptions,
): Awaitable<unknown[]> {
  const profiles: unknown[] = [];
  if (hasLookupMany(engine) && addresses.length > 0) {
    return manyProfiles(engine, addresses, options).profiles.then((found) => found.map(parsed));
  }
  for (let i = 0; i < addresses.length; i += 1) {
    const json = lookupJsonAt(engine, addresses[i], options);
    if (isPromise(json)) {
      return restOfProfiles(engine, addresses, i, json, options).profiles.then((found) => [
        ...profiles,
        ...found.map(parsed),
      ]);
    }
    profiles.push(parsed(json));
  }
  return profiles;
}

function parsed(json: Uint8Array | undefined): unknown {
  if (json === undefined) return null;
  return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8')) as unknown;
}
