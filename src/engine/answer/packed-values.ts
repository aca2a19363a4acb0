/** Values of any type, side by side in typed arrays: how groups and distinct values leave the process. */

import type { GroupValue } from '../../model/analysis.ts';
import { EngineError } from '../../model/error.ts';

/** Numbers, and texts as UTF-8, each in the order of the values that are such. */
export interface PackedValues {
  readonly tags: Uint8Array;
  readonly numbers: Float64Array;
  readonly texts: Uint8Array;
  /** Where each text ends. */
  readonly ends: Uint32Array;
}

const NULL = 0;
const NUMBER = 1;
const TEXT = 2;
const FALSE = 3;
const TRUE = 4;

const FIRST_SIZE_BYTES = 4_096;
/** Of the texts in one part. */
const SIZE_BYTES_MAX = 1_024 ** 3;
const VALUES_PER_STEP = 1_024;
const PACK_NS = 100;
const UNPACK_NS = 120;

/** Yields what its pieces are estimated to have cost. Errors: query_too_large. */
export function* packValues(
  count: number,
  valueAt: (index: number) => GroupValue,
): Generator<number, PackedValues, void> {
  const tags = new Uint8Array(count);
  const numbers: number[] = [];
  const ends: number[] = [];
  let texts = Buffer.allocUnsafeSlow(FIRST_SIZE_BYTES);
  let end = 0;
  for (let i = 0; i < count; i++) {
    const value = valueAt(i);
    tags[i] = tagOf(value);
    if (typeof value === 'number') numbers.push(value);
    else if (typeof value === 'string') {
      // No UTF-16 unit takes more than three bytes.
      const sizeMax = value.length * 3;
      if (end + sizeMax > texts.length) texts = enlarged(texts, end + sizeMax);
      end += texts.write(value, end);
      ends.push(end);
    }
    if (i % VALUES_PER_STEP === VALUES_PER_STEP - 1) yield PACK_NS * VALUES_PER_STEP;
  }
  return { tags, numbers: Float64Array.from(numbers), texts: texts.subarray(0, end), ends: Uint32Array.from(ends) };
}

function tagOf(value: GroupValue): number {
  if (typeof value === 'number') return NUMBER;
  if (typeof value === 'string') return TEXT;
  return value === null ? NULL : value ? TRUE : FALSE;
}

function enlarged(texts: Buffer<ArrayBuffer>, sizeBytes: number): Buffer<ArrayBuffer> {
  if (sizeBytes > SIZE_BYTES_MAX) {
    throw new EngineError(
      'query_too_large',
      `the distinct texts of one shard take more than ${SIZE_BYTES_MAX} bytes; narrow "where", or ask about something with fewer values`,
    );
  }
  const larger = Buffer.allocUnsafeSlow(Math.min(SIZE_BYTES_MAX, Math.max(sizeBytes, texts.length * 2)));
  larger.set(texts);
  return larger;
}

export function* unpackValues({ tags, numbers, texts, ends }: PackedValues): Generator<number, GroupValue[], void> {
  const bytes = Buffer.from(texts.buffer, texts.byteOffset, texts.byteLength);
  const values = new Array<GroupValue>(tags.length);
  let [number, text, start] = [0, 0, 0];
  for (let i = 0; i < tags.length; i++) {
    const tag = tags[i];
    if (tag === NUMBER) values[i] = numbers[number++];
    else if (tag === TEXT) {
      const end = ends[text++];
      values[i] = bytes.toString('utf8', start, end);
      start = end;
    } else values[i] = tag === NULL ? null : tag === TRUE;
    if (i % VALUES_PER_STEP === VALUES_PER_STEP - 1) yield UNPACK_NS * VALUES_PER_STEP;
  }
  return values;
}
