/**
 * Jaro–Winkler similarity over UTF-16 units in place (Jaro 1989; Winkler 1990: for each of up to 4 shared first units a tenth of what is
 * missing, where Jaro is above 0.7, as in Winkler's strcmp95, rapidfuzz and DuckDB). Texts up to 32 units go by bits, a word of the
 * matched positions (as in rapidfuzz); longer ones by marks. A match is the first free equal unit in the window: the same either way.
 */

const WORD_BITS = 32;
const PREFIX_MAX = 4;
const PREFIX_SCALE = 0.1;
/** Texts less alike than this get nothing for their prefix. */
export const PREFIX_JARO_MIN = 0.7;

/** Bit i of an entry: the first text has this unit at i. All zero between calls. */
const positions = new Int32Array(0x1_0000);
let marksA = new Uint8Array(256);
let marksB = new Uint8Array(256);

/** 0 to 1; 1 for two empty texts. `units[aStart, aEnd)` and `units[bStart, bEnd)`. */
export function jaroWinkler(units: Uint16Array, aStart: number, aEnd: number, bStart: number, bEnd: number): number {
  const jaro =
    aEnd - aStart <= WORD_BITS && bEnd - bStart <= WORD_BITS
      ? jaroByBits(units, aStart, aEnd, bStart, bEnd)
      : jaroByMarks(units, aStart, aEnd, bStart, bEnd);
  if (jaro <= PREFIX_JARO_MIN) return jaro;
  return jaro + prefixLength(units, aStart, aEnd, bStart, bEnd) * PREFIX_SCALE * (1 - jaro);
}

function prefixLength(units: Uint16Array, aStart: number, aEnd: number, bStart: number, bEnd: number): number {
  const length = Math.min(PREFIX_MAX, aEnd - aStart, bEnd - bStart);
  let same = 0;
  while (same < length && units[aStart + same] === units[bStart + same]) same++;
  return same;
}

function jaroOf(matches: number, transposed: number, aLength: number, bLength: number): number {
  return (matches / aLength + matches / bLength + (matches - (transposed >> 1)) / matches) / 3;
}

function jaroByBits(units: Uint16Array, aStart: number, aEnd: number, bStart: number, bEnd: number): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  if (aLength === 0 || bLength === 0) return aLength === bLength ? 1 : 0;
  for (let i = 0; i < aLength; i++) positions[units[aStart + i]] |= 1 << i;
  const reach = Math.max(0, (Math.max(aLength, bLength) >> 1) - 1);
  // Bits of the window [j - reach, j + reach].
  let window = reach >= 31 ? -1 : (1 << (reach + 1)) - 1;
  let matchedA = 0;
  let matchedB = 0;
  let matches = 0;
  for (let j = 0; j < bLength; j++) {
    const free = positions[units[bStart + j]] & window & ~matchedA;
    if (free !== 0) {
      matchedA |= free & -free;
      matchedB |= 1 << j;
      matches++;
    }
    window = j < reach ? (window << 1) | 1 : window << 1;
  }
  for (let i = 0; i < aLength; i++) positions[units[aStart + i]] = 0;
  if (matches === 0) return 0;
  let transposed = 0;
  while (matchedA !== 0) {
    const i = 31 - Math.clz32(matchedA & -matchedA);
    const j = 31 - Math.clz32(matchedB & -matchedB);
    if (units[aStart + i] !== units[bStart + j]) transposed++;
    matchedA &= matchedA - 1;
    matchedB &= matchedB - 1;
  }
  return jaroOf(matches, transposed, aLength, bLength);
}

function jaroByMarks(units: Uint16Array, aStart: number, aEnd: number, bStart: number, bEnd: number): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  if (aLength === 0 || bLength === 0) return aLength === bLength ? 1 : 0;
  if (aLength > marksA.length) marksA = new Uint8Array(aLength * 2);
  if (bLength > marksB.length) marksB = new Uint8Array(bLength * 2);
  marksA.fill(0, 0, aLength);
  marksB.fill(0, 0, bLength);
  const reach = Math.max(0, (Math.max(aLength, bLength) >> 1) - 1);
  let matches = 0;
  for (let j = 0; j < bLength; j++) {
    const last = Math.min(aLength - 1, j + reach);
    for (let i = Math.max(0, j - reach); i <= last; i++) {
      if (marksA[i] === 1 || units[aStart + i] !== units[bStart + j]) continue;
      marksA[i] = 1;
      marksB[j] = 1;
      matches++;
      break;
    }
  }
  if (matches === 0) return 0;
  let transposed = 0;
  for (let i = 0, j = 0; i < aLength; i++) {
    if (marksA[i] === 0) continue;
    while (marksB[j] === 0) j++;
    if (units[aStart + i] !== units[bStart + j]) transposed++;
    j++;
  }
  return jaroOf(matches, transposed, aLength, bLength);
}
