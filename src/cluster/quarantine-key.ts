/**
 * Names of what may be quarantined: made of its bytes, so that it is the same over retries and routers. An item's begins with its size, so that
 * who looks for a few among very many hashes only those of their sizes.
 */
import { murmur32, xxh32 } from '../base/hash.ts';
import { MsgpackCursor, skipValue, TYPE_MAP, TYPE_STRING } from '../ingest/msgpack.ts';
import type { Exhibit } from './quarantine.ts';

const SEED = 0x9a7a;
const TEXT_SIZE_MAX = 200;

/** Calls that are watched: those whose work hangs on what the caller wrote. */
const WATCHED = new Set([
  'part_open',
  'account_open',
  'account_sets',
  'merge',
  'merge_matched',
  'unmerge',
  'enrich',
  'person',
  'lookup',
]);
/** Those of them that say beside the request when it was asked. */
const TIMED = new Set(['part_open', 'account_open', 'account_sets']);

export function isWatched(method: string): boolean {
  return WATCHED.has(method);
}

export function itemKey(bytes: Uint8Array, start = 0, length = bytes.length): string {
  return `${length.toString(16)}-${fingerprint(bytes, start, length)}`;
}

/** Size of the item that the key names; undefined of a call's. */
export function sizeOfKey(key: string): number | undefined {
  const match = /^([0-9a-f]+)-/.exec(key);
  return match === null ? undefined : Number.parseInt(match[1], 16);
}

/** What is different each time one asks the same (the time, what is left of a limit) has no part in it. */
export function callKey(method: string, args: unknown): string {
  const asked = TIMED.has(method) ? (args as { readonly request: unknown }).request : args;
  const bytes = Buffer.from(JSON.stringify(asked) ?? '', 'utf8');
  return `call:${method}-${fingerprint(bytes, 0, bytes.length)}`;
}

function fingerprint(bytes: Uint8Array, start: number, length: number): string {
  const high = xxh32(bytes, start, length, SEED);
  const low = murmur32(bytes, start, length, SEED);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** The item as an operator will want to see it: no identifiers but the message's. */
export function exhibitOf(bytes: Uint8Array): Exhibit {
  const found = new Map<string, string>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor = new MsgpackCursor();
  cursor.reset(bytes, view, 0, bytes.length);
  if (cursor.read() === TYPE_MAP) {
    for (let left = cursor.count; left > 0; left--) {
      const name = textAt(cursor, bytes, view);
      const value = textAt(cursor, bytes, view);
      if (name !== undefined && value !== undefined) found.set(name, value.slice(0, TEXT_SIZE_MAX));
    }
  }
  return {
    kind: 'item',
    what: found.get('type') ?? 'item',
    event: found.get('event'),
    messageId: found.get('messageId'),
    bytes,
  };
}

/** The text that comes next; undefined of anything else, which is passed over. */
function textAt(cursor: MsgpackCursor, bytes: Uint8Array, view: DataView): string | undefined {
  const at = cursor.at;
  if (cursor.read() !== TYPE_STRING) {
    cursor.at = skipValue(bytes, view, at, bytes.length);
    return undefined;
  }
  const start = cursor.at;
  cursor.at = start + cursor.count;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, cursor.count).toString('utf8');
}
