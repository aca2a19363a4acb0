/** One wording for "in so many cases of ten", because the library's own option counts the other way round. */
import fc from 'fast-check';

/** The value in `tenths` of ten cases, else an empty object to spread. */
export function maybe<T extends object>(
  value: fc.Arbitrary<T>,
  tenths: number,
): fc.Arbitrary<T | Record<never, never>> {
  return fc.oneof({ weight: 10 - tenths, arbitrary: fc.constant({}) }, { weight: tenths, arbitrary: value });
}
