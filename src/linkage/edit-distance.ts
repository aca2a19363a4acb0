/**
 * Whether two texts are within one or two edits: insert, delete, change a unit, or swap two neighbours (optimal string
 * alignment, the restricted Damerau–Levenshtein distance). Common ends are cut off, and within so few edits what is left is
 * settled by looking at both ends of it, branch by branch; no table is filled.
 */

/** `units[aStart, aEnd)` and `units[bStart, bEnd)`; `limit` 0 to 2 in practice, cost grows by 4 with each. */
export function isWithinEdits(
  units: Uint16Array,
  aStart: number,
  aEnd: number,
  bStart: number,
  bEnd: number,
  limit: number,
): boolean {
  while (aStart < aEnd && bStart < bEnd && units[aStart] === units[bStart]) {
    aStart++;
    bStart++;
  }
  while (aStart < aEnd && bStart < bEnd && units[aEnd - 1] === units[bEnd - 1]) {
    aEnd--;
    bEnd--;
  }
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  if (aLength === 0) return bLength <= limit;
  if (bLength === 0) return aLength <= limit;
  if (limit === 0 || Math.abs(aLength - bLength) > limit) return false;
  // The first units differ: one edit is spent here.
  const left = limit - 1;
  if (isWithinEdits(units, aStart + 1, aEnd, bStart + 1, bEnd, left)) return true;
  if (isWithinEdits(units, aStart + 1, aEnd, bStart, bEnd, left)) return true;
  if (isWithinEdits(units, aStart, aEnd, bStart + 1, bEnd, left)) return true;
  return (
    aLength > 1 &&
    bLength > 1 &&
    units[aStart] === units[bStart + 1] &&
    units[aStart + 1] === units[bStart] &&
    isWithinEdits(units, aStart + 2, aEnd, bStart + 2, bEnd, left)
  );
}
