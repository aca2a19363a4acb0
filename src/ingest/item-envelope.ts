/** What an item gets from its batch: its time and, when the sender gave none, a message id. Pure, so that a replay agrees. */

import { murmur32, xxh32 } from '../base/hash.ts';
import { ISO_DATE_MAX_MS, ISO_DATE_MIN_MS } from '../base/iso-date.ts';
import type { Identifier } from '../model/profile.ts';
import type { EventTape } from './event-tape.ts';
import * as tapeOf from './event-tape.ts';

/**
 * Event time in ms since the epoch: received − (sent − timestamp), which cancels the error of the sender's clock. NaN when out of range.
 * Without a timestamp it is the time of receipt; without `sentAt`, and for imports, the timestamp as it stands. The sender's own reading
 * is `originalTimestamp` where a relay added one, and only that is corrected then.
 */
export function eventTimeMs(
  timestampMs: number,
  originalTimestampMs: number,
  receivedAtMs: number,
  sentAtMs: number,
  isImport: boolean,
): number {
  const isCorrected = !isImport && !Number.isNaN(sentAtMs);
  const preferredMs = isCorrected ? originalTimestampMs : timestampMs;
  const givenMs = Number.isNaN(preferredMs) ? (isCorrected ? timestampMs : originalTimestampMs) : preferredMs;
  if (Number.isNaN(givenMs)) return receivedAtMs;
  if (!isCorrected) return givenMs;
  const corrected = receivedAtMs - (sentAtMs - givenMs);
  return corrected >= ISO_DATE_MIN_MS && corrected <= ISO_DATE_MAX_MS ? corrected : Number.NaN;
}

/** Gives the item a message id in UUID form made of the batch's random seed and the item's index in it. */
export function assignMessageId(tape: EventTape, item: number, seedHigh: number, seedLow: number, index: number): void {
  const high = hex8(seedHigh);
  const low = hex8(seedLow);
  const count = hex8(index);
  const text = `${high}-${low.slice(0, 4)}-8${low.slice(4, 7)}-8${low.slice(7)}00-0000${count}`;
  const at = tape.appendText(text);
  const field = item * tapeOf.ITEM_STRIDE + tapeOf.ITEM_MESSAGE_ID;
  tape.items[field] = at;
  tape.items[field + 1] = text.length;
  tape.items[field + 2] = xxh32(tape.bytes, at, text.length, 0);
}

/**
 * A message id is that of the identifier that the item comes under: the same one under another identifier is another message. The scanner
 * takes the userId or anonymousId for it; this is for items where it is neither of them, or not the one that the scanner took.
 */
export function keyMessage(tape: EventTape, item: number, { type, value }: Identifier, hashSeed: number): void {
  const base = item * tapeOf.ITEM_STRIDE;
  const length = tape.items[base + tapeOf.ITEM_MESSAGE_ID + 1];
  if (length <= 0) return;
  const isField = type === 'user_id' || type === 'anonymous_id';
  const bytes = Buffer.from(isField ? value : `${type}\u0000${value}`, 'utf8');
  const hash = xxh32(bytes, 0, bytes.length, hashSeed);
  const person = type === 'anonymous_id' ? ~hash : hash;
  tape.items[base + tapeOf.ITEM_MESSAGE_HASH] = murmur32(
    tape.bytes,
    tape.items[base + tapeOf.ITEM_MESSAGE_ID],
    length,
    person,
  );
}

function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
