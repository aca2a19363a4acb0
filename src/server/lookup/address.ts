/**
 * How a caller names a profile in one text: `user-1`, or `email:a@b.c` when the part before the first colon can be an
 * identifier type (`[a-z][a-z0-9_.]*`). The typed reading is tried first; when it finds nobody the whole text is
 * tried as a user_id, so that user ids with colons in them are found too.
 */
import { type Awaitable, isPromise } from '../../base/awaitable.ts';
import type { Gateway } from '../../engine/gateway.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier, LookupOptions } from '../../model/profile.ts';
import { isRecord } from '../http/json-text.ts';

/** A text address, or an identifier spelt out, which has only one reading. */
export type Address = string | Identifier;

/** The bytes are valid as those of `Gateway.lookupJson`. Hot: every lookup passes here (bench: lookup-http). */
export function lookupJsonAt(
  engine: Gateway,
  address: Address,
  options?: LookupOptions,
): Awaitable<Uint8Array | undefined> {
  if (typeof address !== 'string') return engine.lookupJson(address, options);
  const typed = typedIdentifier(address);
  if (typed === undefined) return engine.lookupJson({ type: 'user_id', value: address }, options);
  const found = engine.lookupJson(typed, options);
  if (isPromise(found)) {
    return found.then((json) => json ?? engine.lookupJson({ type: 'user_id', value: address }, options));
  }
  return found ?? engine.lookupJson({ type: 'user_id', value: address }, options);
}

export function typedIdentifier(address: string): Identifier | undefined {
  const colon = address.indexOf(':');
  if (colon <= 0) return undefined;
  for (let i = 0; i < colon; i += 1) {
    const code = address.charCodeAt(i);
    const isLetter = code >= 0x61 && code <= 0x7a;
    const isInner = (code >= 0x30 && code <= 0x39) || code === 0x5f || code === 0x2e;
    if (!isLetter && (i === 0 || !isInner)) return undefined;
  }
  return { type: address.slice(0, colon), value: address.slice(colon + 1) };
}

/** One element of an `ids` list. */
export function parseAddress(value: unknown, index: number): Address {
  if (typeof value === 'string') return value;
  if (isRecord(value) && typeof value['type'] === 'string' && typeof value['value'] === 'string') {
    return { type: value['type'], value: value['value'] };
  }
  throw new EngineError(
    'invalid_request',
    `ids[${index}] must be a text ("user-1", "email:a@b.c") or {"type","value"}`,
  );
}
