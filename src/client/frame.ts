/** Frames of `/v1/stream`, in msgpack: what goes out as bytes, what comes in as a record. */
import { Packr, Unpackr } from 'msgpackr';
import { isRecord } from './kith-error.ts';

export type Answer = Readonly<Record<string, unknown>>;

/** Small maps with a head of one byte, so that a batch's head is known. */
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' });
/** A map of four instead of three: the batch follows. */
const MAP_OF_FOUR = 0x84;
/** The text "batch", and a list whose length is 32 bits. */
const BATCH_HEAD = Buffer.from([0xa5, 0x62, 0x61, 0x74, 0x63, 0x68, 0xdd]);

/** `{"op":"batch","ref","ack","batch":[…]}`: items go in as the bytes that they are. */
export function encodeBatch(ref: number, ack: string, items: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  const head = packr.pack({ op: 'batch', ref, ack });
  let sizeBytes = head.length + BATCH_HEAD.length + 4;
  for (const { bytes } of items) sizeBytes += bytes.length;
  const frame = Buffer.allocUnsafe(sizeBytes);
  frame.set(head, 0);
  frame[0] = MAP_OF_FOUR;
  frame.set(BATCH_HEAD, head.length);
  let at = frame.writeUInt32BE(items.length, head.length + BATCH_HEAD.length);
  for (const { bytes } of items) {
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame;
}

/** `op` comes first, so that the server reads it at a glance. What is undefined is left out. */
export function encodeMessage(op: string, fields: Readonly<Record<string, unknown>>): Uint8Array {
  const message: Record<string, unknown> = { op };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) message[name] = value;
  return packr.pack(message);
}

/** Undefined when the bytes are no message. */
export function decodeAnswer(bytes: Uint8Array): Answer | undefined {
  try {
    const message: unknown = unpackr.unpack(bytes);
    return isRecord(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
