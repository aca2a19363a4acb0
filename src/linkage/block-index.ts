/**
 * Records filed by one blocking rule after another. A pair is compared under the first rule that files both records together and
 * under no later one: the row of key numbers of each record tells that in one short run of memory, so no set of seen pairs exists.
 * A block above a cap is cut by a further key; what has none, or is still above the cap (a placeholder that everybody has), makes no pairs.
 *
 * Width: 4 bytes a record and rule for the key, 4 for its place, 4 a block.
 */
import { keyNumber, type RecordKey } from './blocking-key.ts';
import type { ComparisonData } from './comparison-data.ts';
import { KeyNumbering } from './key-numbering.ts';
import { sharedUint32 } from './text-store.ts';

export interface BlockingRule {
  /** All of them must be the same; none = everyone with everyone. */
  readonly keys: readonly RecordKey[];
  /** Added where a block is above the cap. */
  readonly refinement?: RecordKey | undefined;
}

export interface RuleBlocks {
  /** Rows, block by block, ascending within one. Only blocks of two and more. */
  readonly rows: Uint32Array;
  /** Block b is `rows[starts[b], starts[b + 1])`. */
  readonly starts: Uint32Array;
}

export interface BlockIndex {
  readonly rules: readonly RuleBlocks[];
  /** Key number of record r under rule k at `r * rules.length + k`; 0 = not filed. */
  readonly keys: Uint32Array;
}

/** Half a million pairs. */
export const BLOCK_SIZE_MAX = 1_000;

export function allocateBlockKeys(recordCount: number, ruleCount: number): Uint32Array {
  return sharedUint32(recordCount * ruleCount);
}

/** Writes the rule's key numbers into `keys` and gives its blocks. */
export function fileRecords(
  data: ComparisonData,
  rule: BlockingRule,
  keys: Uint32Array,
  ruleIndex: number,
  ruleCount: number,
): RuleBlocks {
  const { recordCount } = data;
  const numbers = numbersOf(data, rule.keys);
  if (rule.keys.length > 0) cutLarge(data, rule, numbers);
  let max = 0;
  for (let row = 0; row < recordCount; row++) {
    keys[row * ruleCount + ruleIndex] = numbers[row];
    if (numbers[row] > max) max = numbers[row];
  }
  return blocksOf(numbers, max);
}

/** One number a record for all keys together, 0 where any is missing. */
function numbersOf({ recordCount, fields, codes }: ComparisonData, keys: readonly RecordKey[]): Uint32Array {
  const width = fields.length;
  const numbers = new Uint32Array(recordCount).fill(1);
  keys.forEach((key, index) => {
    const numbering = new KeyNumbering(1_024);
    for (let row = 0; row < recordCount; row++) {
      const before = numbers[row];
      const own = before === 0 ? 0 : keyNumber(key, codes, row * width);
      numbers[row] =
        own === 0
          ? 0
          : index === 0 && key.fields.length === 1
            ? own
            : numbering.numberOf(before * (key.numberMax + 1) + own);
    }
  });
  return numbers;
}

function cutLarge(data: ComparisonData, rule: BlockingRule, numbers: Uint32Array): void {
  const sizes = sizesOf(numbers);
  const { refinement } = rule;
  const width = data.fields.length;
  const numbering = new KeyNumbering(1_024);
  const base = sizes.length;
  let hasCut = false;
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row];
    if (number === 0 || sizes[number] <= BLOCK_SIZE_MAX) continue;
    const further = refinement === undefined ? 0 : keyNumber(refinement, data.codes, row * width);
    numbers[row] =
      further === 0 || refinement === undefined
        ? 0
        : base + numbering.numberOf(number * (refinement.numberMax + 1) + further);
    hasCut = true;
  }
  if (!hasCut) return;
  const after = sizesOf(numbers);
  for (let row = 0; row < numbers.length; row++) if (after[numbers[row]] > BLOCK_SIZE_MAX) numbers[row] = 0;
}

/** By number; of 0 it is 0. */
function sizesOf(numbers: Uint32Array): Uint32Array {
  let max = 0;
  for (let row = 0; row < numbers.length; row++) if (numbers[row] > max) max = numbers[row];
  const sizes = new Uint32Array(max + 1);
  for (let row = 0; row < numbers.length; row++) sizes[numbers[row]]++;
  sizes[0] = 0;
  return sizes;
}

function blocksOf(numbers: Uint32Array, max: number): RuleBlocks {
  const next = new Uint32Array(max + 1);
  for (let row = 0; row < numbers.length; row++) next[numbers[row]]++;
  next[0] = 0;
  let blockCount = 0;
  let rowCount = 0;
  for (let number = 1; number <= max; number++) {
    if (next[number] < 2) continue;
    blockCount++;
    rowCount += next[number];
  }
  const rows = sharedUint32(rowCount);
  const starts = sharedUint32(blockCount + 1);
  const none = 0xffff_ffff;
  let block = 0;
  let at = 0;
  for (let number = 0; number <= max; number++) {
    const size = next[number];
    if (number === 0 || size < 2) {
      next[number] = none;
      continue;
    }
    starts[block++] = at;
    next[number] = at;
    at += size;
  }
  starts[block] = at;
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row];
    if (next[number] !== none) rows[next[number]++] = row;
  }
  return { rows, starts };
}
