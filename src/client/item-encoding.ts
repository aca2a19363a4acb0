/** An item as the bytes that travel, made once: what the caller changes later does not matter, and a retry sends the same bytes. */
import { Packr } from 'msgpackr';
import { slotOf } from './cluster-map.ts';
import { isRecord, KithError } from './kith-error.ts';
import type { ClientWorld } from './world.ts';

export interface EncodedItem {
  readonly bytes: Uint8Array;
  readonly messageId: string;
  /** Undefined when it names neither a userId nor an anonymousId. */
  readonly slot: number | undefined;
}

/** As in JSON: what is undefined is left out, and null inside lists. */
const PACK_OPTIONS = { useRecords: false, skipValues: [undefined], encodeUndefinedAsNil: true };
const packr = new Packr(PACK_OPTIONS);

/** `type` absent = the item's own. Errors: invalid_item. */
export function encodeItem(world: ClientWorld, maxBytes: number, call: unknown, type: string | undefined): EncodedItem {
  if (!isRecord(call))
    throw new KithError('invalid_item', 'an item must be an object, such as {"userId":"u1","event":"Order Completed"}');
  const given = call['messageId'];
  const messageId = typeof given === 'string' && given !== '' ? given : world.messageId();
  const item = {
    ...call,
    type: type ?? call['type'],
    // A messageId of another kind is sent as it is, for the server to refuse.
    messageId: given === undefined || given === null || given === '' ? messageId : given,
    // The time of the call, so that a retry does not make it later and the order of one sender's items stays.
    timestamp: call['timestamp'] ?? world.clock.nowMs(),
  };
  const bytes = pack(item, messageId);
  if (bytes.length > maxBytes) {
    throw new KithError('event_too_large', `the item has ${bytes.length} bytes; batch.maxBytes is ${maxBytes}`, {
      messageId,
    });
  }
  return { bytes, messageId, slot: slotOfItem(call) };
}

function pack(item: unknown, messageId: string): Uint8Array {
  try {
    return packr.pack(item);
  } catch (cause) {
    const reason = cause instanceof RangeError ? 'it holds itself, or a number beyond 64 bits' : String(cause);
    throw new KithError('invalid_item', `the item cannot be written as msgpack: ${reason}`, { messageId, cause });
  }
}

function slotOfItem(call: Readonly<Record<string, unknown>>): number | undefined {
  const userId = call['userId'];
  if (isId(userId)) return slotOf(String(userId));
  const anonymousId = call['anonymousId'];
  return isId(anonymousId) ? slotOf(`anonymous_id:${anonymousId}`) : undefined;
}

function isId(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || typeof value === 'number';
}
