/** Writes the profiles of many addresses into one answer, in the order asked, null for who is not known. */
import type { Engine } from '../../engine/engine.ts';
import type { LookupOptions } from '../../model/profile.ts';
import { type Address, lookupJsonAt } from './address.ts';
import type { BytePage } from './byte-page.ts';

const COMMA = 0x2c;
const JSON_NULL = Buffer.from('null');
const MSGPACK_NIL = 0xc0;
const MSGPACK_ARRAY_32 = 0xdd;
const MSGPACK_STRING_32 = 0xdb;

/** `[{…},null,{…}]`: the engine's bytes as they are. Hot (bench: lookup-batch). */
export function writeProfilesJson(
  page: BytePage,
  engine: Engine,
  addresses: readonly Address[],
  options?: LookupOptions,
): void {
  page.text('[');
  for (let i = 0; i < addresses.length; i += 1) {
    if (i > 0) page.byte(COMMA);
    page.bytes(lookupJsonAt(engine, addresses[i], options) ?? JSON_NULL);
  }
  page.text(']');
}

/** A msgpack array whose elements are the profiles' JSON texts as msgpack strings, or nil. */
export function writeProfilesAsStrings(
  page: BytePage,
  engine: Engine,
  addresses: readonly Address[],
  options?: LookupOptions,
): void {
  page.byte(MSGPACK_ARRAY_32);
  page.uint32(addresses.length);
  for (const address of addresses) {
    const json = lookupJsonAt(engine, address, options);
    if (json === undefined) page.byte(MSGPACK_NIL);
    else {
      page.byte(MSGPACK_STRING_32);
      page.uint32(json.length);
      page.bytes(json);
    }
  }
}
