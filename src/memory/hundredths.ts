/**
 * Numbers with at most two decimal places, as prices have, kept as whole hundredths. A whole number of hundredths divided by 100 is the
 * very double that the decimal text stands for, so nothing is rounded: a number is only taken when the quotient is it again.
 */

/** How many hundredths the number is, NaN when it is not a whole count of them (or is −0, which has no such count). */
export function hundredthsOf(value: number): number {
  const count = Math.round(value * 100);
  return count / 100 === value && (count !== 0 || 1 / value > 0) ? count : Number.NaN;
}

/** The least count of hundredths that stands for a number not below `min`; infinities stay. */
export function leastHundredths(min: number): number {
  let count = Math.ceil(min * 100);
  // The product is off by less than one.
  if ((count - 1) / 100 >= min) count -= 1;
  else if (count / 100 < min) count += 1;
  return count;
}

/** The greatest count of hundredths that stands for a number not above `max`; infinities stay. */
export function greatestHundredths(max: number): number {
  return -leastHundredths(-max);
}
