/** A batch as a WebSocket frame. Two encoders that differ in their choice of widths, so that the engine reads both. */
import { encode } from '@msgpack/msgpack';
import { pack } from 'msgpackr';
import type { Batch } from './generate/batch.ts';
import { isJsonObject, type JsonValue } from './naive/json-value.ts';

const CANONICAL_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function frameOf(batch: Batch, ref: number): Uint8Array {
  const { items, sentAtMs, isImport, door } = batch;
  const message = {
    op: isImport ? 'import' : 'batch',
    ref,
    ack: 'applied',
    ...(sentAtMs === undefined ? {} : { sentAt: sentAtMs }),
    batch: items,
  };
  if (door === 'frame-dates') return encode(withTimestamps(message as JsonValue));
  // msgpackr leaves a key named __proto__ out, so such frames go through the other encoder.
  return JSON.stringify(items).includes('"__proto__"') ? encode(message) : pack(message);
}

/** Texts that read back the same become msgpack timestamps. */
function withTimestamps(value: JsonValue): unknown {
  if (typeof value === 'string' && CANONICAL_DATE.test(value)) {
    const date = new Date(value);
    return Number.isNaN(date.getTime()) || date.toISOString() !== value ? value : date;
  }
  if (Array.isArray(value)) return value.map(withTimestamps);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withTimestamps(member)]));
}
