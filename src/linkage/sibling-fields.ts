/**
 * Which fields a person's values may change places between: two fields of words that use the same vocabulary, seen from the data and
 * not from names of columns. Given name and surname share names where forms were filled in the wrong way round.
 */
import { canSwap } from './field-kind.ts';
import type { RecordField, RecordTable } from './record-table.ts';

/** Share of records whose value also occurs in the other field, in the less overlapping direction. */
const OVERLAP_MIN = 0.01;

/** By field: index of its sibling, or -1. Symmetric; a field has at most one. */
export function siblingsOf({ fields }: RecordTable): Int32Array {
  const candidates: { readonly one: number; readonly other: number; readonly overlap: number }[] = [];
  for (let one = 0; one < fields.length; one++) {
    for (let other = one + 1; other < fields.length; other++) {
      if (!canSwap(fields[one].kind) || fields[one].kind !== fields[other].kind) continue;
      const overlap = Math.min(sharedShare(fields[one], fields[other]), sharedShare(fields[other], fields[one]));
      if (overlap >= OVERLAP_MIN) candidates.push({ one, other, overlap });
    }
  }
  candidates.sort((x, y) => y.overlap - x.overlap || x.one - y.one || x.other - y.other);
  const siblings = new Int32Array(fields.length).fill(-1);
  for (const { one, other } of candidates) {
    if (siblings[one] >= 0 || siblings[other] >= 0) continue;
    siblings[one] = other;
    siblings[other] = one;
  }
  return siblings;
}

function sharedShare(from: RecordField, to: RecordField): number {
  const vocabulary = new Set(to.values);
  const isShared = Uint8Array.from(from.values, (value) => (vocabulary.has(value) ? 1 : 0));
  let present = 0;
  let shared = 0;
  for (let row = 0; row < from.codes.length; row++) {
    const code = from.codes[row];
    if (code === 0) continue;
    present++;
    shared += isShared[code];
  }
  return present === 0 ? 0 : shared / present;
}
