/**
 * Numbers with few decimal places, as prices, rates and scores have, kept as whole counts of hundredths or ten-thousandths (`scale` 100 or 10,000). A
 * whole count divided by its scale is the very double that the decimal text stands for, so nothing is rounded: a number is only taken
 * when the quotient is it again. Counts are below 2^31.
 */

/** How many parts of the scale the number is, NaN when it is not a whole count of them (or is −0, which has no such count). */
export function countOf(value: number, scale: number): number {
  const count = Math.round(value * scale);
  return count / scale === value && (count !== 0 || 1 / value > 0) ? count : Number.NaN;
}

/** The least count that stands for a number not below `min`; infinities stay. */
export function leastCount(min: number, scale: number): number {
  const count = Math.ceil(min * scale);
  // The product is off by less than one.
  if ((count - 1) / scale >= min) return count - 1;
  return count / scale < min ? count + 1 : count;
}

/** The greatest count that stands for a number not above `max`; infinities stay. */
export function greatestCount(max: number, scale: number): number {
  return -leastCount(-max, scale);
}
