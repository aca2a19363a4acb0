/**
 * How far two different present values of a field agree, as a level of `LEVELS`. Hot: reads typed arrays, allocates nothing. Bounds
 * from lengths and from the words of units settle most unlike texts: a unit of one text whose bit the other lacks can match nothing.
 */
import { isWithinEdits } from './edit-distance.ts';
import type { FieldKind } from './field-kind.ts';
import { jaroWinkler, PREFIX_JARO_MIN } from './jaro-winkler.ts';
import { NO_DAY, type TextStore } from './text-store.ts';

const MONTH_DAYS = 31;
const YEAR_DAYS = 366;
const TEN_YEARS_DAYS = 3_653;
/** Length of YYYY-MM-DD. */
const DATE_LENGTH = 10;
const SUBSCRIBER_DIGITS = 7;
/** Shorter codes are near each other by chance too often for two edits to say anything. */
const TWO_EDITS_LENGTH_MIN = 6;
const PREFIX_BONUS_MAX = 0.4;

/** `a` and `b` differ and neither is 0. */
export function levelOfDifferent(kind: FieldKind, store: TextStore, a: number, b: number): number {
  switch (kind) {
    case 'name':
    case 'text':
      return wordsLevel(store, a, b);
    case 'date':
      return dateLevel(store, a, b);
    case 'phone':
      return phoneLevel(store, a, b);
    case 'email':
      return emailLevel(store, a, b);
    case 'code':
      return codeLevel(store, a, b);
    case 'category':
      return withinEdits(store, a, b, 1) ? 2 : 3;
  }
}

function popCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Jaro–Winkler, or 0 when bounds show that it lies below `least`. */
function similarity(store: TextStore, a: number, b: number, least: number): number {
  const { units, offsets, masks } = store;
  const aStart = offsets[a];
  const aEnd = offsets[a + 1];
  const bStart = offsets[b];
  const bEnd = offsets[b + 1];
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const matches = Math.min(aLength - popCount(masks[a] & ~masks[b]), bLength - popCount(masks[b] & ~masks[a]));
  const jaro = (matches / aLength + matches / bLength + 1) / 3;
  // A shared first unit is needed for any bonus.
  const bonus = jaro > PREFIX_JARO_MIN && units[aStart] === units[bStart] ? PREFIX_BONUS_MAX : 0;
  if (jaro + bonus * (1 - jaro) < least) return 0;
  return jaroWinkler(units, aStart, aEnd, bStart, bEnd);
}

function wordsLevel(store: TextStore, a: number, b: number): number {
  const alike = similarity(store, a, b, 0.7);
  if (alike >= 0.92) return 3;
  if (alike >= 0.88) return 4;
  return alike >= 0.7 ? 5 : 6;
}

function withinEdits(store: TextStore, a: number, b: number, limit: number): boolean {
  const { units, offsets, masks } = store;
  if (popCount(masks[a] & ~masks[b]) > limit || popCount(masks[b] & ~masks[a]) > limit) return false;
  return isWithinEdits(units, offsets[a], offsets[a + 1], offsets[b], offsets[b + 1], limit);
}

function dateLevel(store: TextStore, a: number, b: number): number {
  const { units, offsets, details } = store;
  const aStart = offsets[a];
  const bStart = offsets[b];
  if (withinEdits(store, a, b, 1)) return 2;
  if (details[a] === NO_DAY || details[b] === NO_DAY) return withinEdits(store, a, b, 2) ? 3 : 6;
  if (isDayMonthSwap(units, aStart, bStart)) return 2;
  const days = Math.abs(details[a] - details[b]);
  if (days <= MONTH_DAYS) return 3;
  if (withinEdits(store, a, b, 2)) return 3;
  if (days <= YEAR_DAYS) return 4;
  return days <= TEN_YEARS_DAYS ? 5 : 6;
}

/** Both are YYYY-MM-DD. */
function isDayMonthSwap(units: Uint16Array, aStart: number, bStart: number): boolean {
  for (let at = 0; at < 4; at++) if (units[aStart + at] !== units[bStart + at]) return false;
  return (
    units[aStart + 5] === units[bStart + 8] &&
    units[aStart + 6] === units[bStart + 9] &&
    units[aStart + 8] === units[bStart + 5] &&
    units[aStart + DATE_LENGTH - 1] === units[bStart + 6]
  );
}

function phoneLevel(store: TextStore, a: number, b: number): number {
  const { units, offsets } = store;
  const aEnd = offsets[a + 1];
  const bEnd = offsets[b + 1];
  let same = 0;
  const least = Math.min(aEnd - offsets[a], bEnd - offsets[b]);
  while (same < least && units[aEnd - 1 - same] === units[bEnd - 1 - same]) same++;
  if (same >= SUBSCRIBER_DIGITS || withinEdits(store, a, b, 1)) return 2;
  return withinEdits(store, a, b, 2) ? 3 : 4;
}

function emailLevel(store: TextStore, a: number, b: number): number {
  const { units, offsets, details } = store;
  const aStart = offsets[a];
  const bStart = offsets[b];
  const localLength = details[a];
  if (localLength === details[b]) {
    let same = 0;
    while (same < localLength && units[aStart + same] === units[bStart + same]) same++;
    if (same === localLength) return 2;
  }
  if (withinEdits(store, a, b, 2)) return 3;
  return similarity(store, a, b, 0.88) >= 0.88 ? 4 : 5;
}

function codeLevel(store: TextStore, a: number, b: number): number {
  const { offsets } = store;
  if (withinEdits(store, a, b, 1)) return 2;
  const least = Math.min(offsets[a + 1] - offsets[a], offsets[b + 1] - offsets[b]);
  return least >= TWO_EDITS_LENGTH_MIN && withinEdits(store, a, b, 2) ? 3 : 4;
}
