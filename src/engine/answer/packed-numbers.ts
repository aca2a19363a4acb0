/** Numbers in order on their way out of the process: where they repeat, each once with how many there are. */
import type { SortedNumbers } from '../../query/execution/sorted-numbers.ts';

const NUMBERS_PER_STEP = 65_536;
const NUMBER_NS = 2;

/** The same numbers, in the fewer bytes of both forms. Yields what its pieces are estimated to have cost. */
export function* packNumbers(numbers: SortedNumbers): Generator<number, SortedNumbers, void> {
  const { values, ends } = numbers;
  if (ends !== undefined || values.length === 0) return numbers;
  let distinctCount = 1;
  for (let i = 1; i < values.length; i++) {
    if (values[i] !== values[i - 1]) distinctCount += 1;
    if (i % NUMBERS_PER_STEP === 0) yield NUMBER_NS * NUMBERS_PER_STEP;
  }
  // A value and its end take twice what a number takes.
  if (distinctCount * 2 >= values.length) return numbers;
  const distinct = { values: new Float64Array(distinctCount), ends: new Float64Array(distinctCount) };
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    if (i > 0 && values[i] !== values[i - 1]) at += 1;
    distinct.values[at] = values[i];
    distinct.ends[at] = i + 1;
    if (i % NUMBERS_PER_STEP === NUMBERS_PER_STEP - 1) yield NUMBER_NS * NUMBERS_PER_STEP;
  }
  return distinct;
}

export function* packEach(lists: readonly SortedNumbers[]): Generator<number, readonly SortedNumbers[], void> {
  const packed: SortedNumbers[] = [];
  for (const list of lists) packed.push(yield* packNumbers(list));
  return packed;
}
