/** The order of values that groups are made by: numbers, texts by UTF-8 bytes, false, true, missing. */
import type { GroupValue } from '../../model/analysis.ts';

export function compareValues(a: GroupValue, b: GroupValue): number {
  const byType = rankOf(a) - rankOf(b);
  if (byType !== 0) return byType;
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  return Number(a) - Number(b);
}

function rankOf(value: GroupValue): number {
  if (typeof value === 'number') return 0;
  if (typeof value === 'string') return 1;
  return value === null ? 3 : 2;
}

/** UTF-16 order is that of the bytes but for characters outside the basic plane, whose halves stand before U+E000. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  if (i === length) return a.length - b.length;
  return weight(a.charCodeAt(i)) - weight(b.charCodeAt(i));
}

function weight(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit;
}
