/**
 * A field's distinct values as UTF-16 units in shared memory, so that threads read them without copying. Code c is
 * `units[offsets[c], offsets[c + 1])`; 0 is the empty text of "missing". Beside each text a word of the units in it, which rules most
 * unlike texts out without reading them, and one number that depends on the kind.
 *
 * Width per value: 2 bytes a unit, offset 4, mask 4, detail 4.
 */
import type { FieldKind } from './field-kind.ts';

export interface TextStore {
  readonly units: Uint16Array;
  readonly offsets: Uint32Array;
  /** Bit h is set when a unit with h(unit) = h is in the text. */
  readonly masks: Int32Array;
  /** Dates: day number, or NO_DAY; e-mail addresses: units before the @; others 0. */
  readonly details: Int32Array;
}

export const NO_DAY = -0x8000_0000;

export const sharedBytes = (byteLength: number): SharedArrayBuffer => new SharedArrayBuffer(Math.max(8, byteLength));
export const sharedUint32 = (length: number): Uint32Array => new Uint32Array(sharedBytes(length * 4), 0, length);
export const sharedInt32 = (length: number): Int32Array => new Int32Array(sharedBytes(length * 4), 0, length);
export const sharedFloat64 = (length: number): Float64Array => new Float64Array(sharedBytes(length * 8), 0, length);

export function textStoreOf(kind: FieldKind, values: readonly string[]): TextStore {
  let unitCount = 0;
  for (const value of values) unitCount += value.length;
  const units = new Uint16Array(sharedBytes(unitCount * 2), 0, unitCount);
  const offsets = sharedUint32(values.length + 1);
  const masks = sharedInt32(values.length);
  const details = sharedInt32(values.length);
  let at = 0;
  for (let code = 0; code < values.length; code++) {
    const value = values[code];
    let mask = 0;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      units[at++] = unit;
      mask |= 1 << bitOf(unit);
    }
    offsets[code + 1] = at;
    masks[code] = mask;
    details[code] = detailOf(kind, value);
  }
  return { units, offsets, masks, details };
}

/** Letters have a bit each; digits share the rest with what is neither. */
function bitOf(unit: number): number {
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61;
  return 26 + (unit % 6);
}

function detailOf(kind: FieldKind, value: string): number {
  if (kind === 'date') return dayNumber(value);
  if (kind === 'email') return value.includes('@') ? value.indexOf('@') : value.length;
  return 0;
}

/** Days since year 0 of the civil calendar (H. Hinnant's days_from_civil); a 13th month or 31st of April counts on. */
function dayNumber(value: string): number {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  if (parts === null) return NO_DAY;
  const month = Number(parts[2]);
  const year = month <= 2 ? Number(parts[1]) - 1 : Number(parts[1]);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + Number(parts[3]) - 1;
  return year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + dayOfYear;
}

export function textAt(store: TextStore, code: number): string {
  const { units, offsets } = store;
  let text = '';
  for (let at = offsets[code]; at < offsets[code + 1]; at++) text += String.fromCharCode(units[at]);
  return text;
}
