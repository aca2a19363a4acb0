/**
 * Paths inside arrays (`products.sku`), which conditions can name although no column has their name. Every array is looked into where a
 * column has few distinct ones; of many a fixed number is, spread evenly, and the counts are scaled up.
 */
import { formatIsoDate, parseIsoDateBytesMs } from '../../base/iso-date.ts';
import { joinPath } from '../../base/path.ts';
import {
  MsgpackCursor,
  TYPE_ARRAY,
  TYPE_DATE,
  TYPE_FALSE,
  TYPE_MAP,
  TYPE_NIL,
  TYPE_NUMBER,
  TYPE_STRING,
  TYPE_TRUE,
} from '../../ingest/msgpack.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import { FieldTally } from './field-tally.ts';
import type { Slices } from './slices.ts';
import { exampleText } from './top-values.ts';

/** Of a column with more distinct arrays so many are looked into. */
export const SAMPLE_COUNT = 4_000;
/** Keys of objects can be data (a map by id): past this they are not listed. */
export const PATH_COUNT_MAX = 500;
const ARRAYS_PER_LOOK = 8;

/** By code: when the first and the last event that has it was. */
export interface CodeTimes {
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
}
export interface CountedArrays {
  readonly column: TextColumn;
  /** How often each code stands. */
  readonly counts: Uint32Array;
  readonly times: CodeTimes | undefined;
}

export class ArrayPaths {
  readonly #fields: Map<string, FieldTally>;
  readonly #prefix: string;
  #newCount = 0;

  /** Adds to `fields`, whose names all begin with `prefix`: `context.` for the context. */
  constructor(fields: Map<string, FieldTally>, prefix = '') {
    this.#fields = fields;
    this.#prefix = prefix;
  }

  /** `own`: the field of the arrays themselves, whose scalars are examples of it. */
  async read(
    segments: readonly string[],
    { column, counts, times }: CountedArrays,
    own: FieldTally,
    slices: Slices,
  ): Promise<void> {
    const { generation, dictionary } = column;
    const step = Math.max(1, Math.ceil((counts.length - 1) / SAMPLE_COUNT));
    let count = 0;
    const walk = new PathWalk(segments, (scalar) => addExample(own, scalar, count));
    let looked = 0;
    for (let code = 1; code < counts.length; code += step) {
      if (counts[code] === 0) continue;
      if (++looked % ARRAYS_PER_LOOK === 0 && slices.isDue) await slices.pause();
      if (column.generation !== generation) return;
      dictionary.locate(code);
      const { block, start, size } = dictionary.heap;
      count = counts[code] * step;
      walk.run(block, start, size, (path, scalar) => {
        const tally = this.#see(path, scalar, count);
        if (tally === undefined) return;
        if (step > 1) tally.isSampled = true;
        if (times !== undefined) tally.see(times.firstMs[code], times.lastMs[code]);
      });
    }
  }

  /** Undefined past the bound. */
  #see(path: readonly string[], scalar: Scalar, count: number): FieldTally | undefined {
    const name = this.#prefix + joinPath(path);
    let tally = this.#fields.get(name);
    if (tally === undefined) {
      if (this.#newCount >= PATH_COUNT_MAX) return undefined;
      this.#newCount += 1;
      tally = new FieldTally(name, true);
      this.#fields.set(name, tally);
    }
    const { type, isFirst, value, text } = scalar;
    if (isFirst) tally.count(type, count);
    if (text !== undefined) {
      const { bytes, start, size } = text;
      tally.distinct.addBytes(bytes, start, size);
      if (tally.areAllDates && Number.isNaN(parseIsoDateBytesMs(bytes, start, size))) tally.areAllDates = false;
    } else if (typeof value === 'number') tally.distinct.addNumber(value);
    else if (value !== undefined) tally.distinct.addBoolean(value);
    addExample(tally, scalar, count);
    return tally;
  }
}

function addExample({ values }: FieldTally, { value, text }: Pick<Scalar, 'value' | 'text'>, count: number): void {
  if (text !== undefined) values.add(exampleText(text.bytes, text.start, text.size), count);
  else if (value !== undefined) values.add(value, count);
}

/** A scalar below a key inside an array. */
interface Scalar {
  readonly type: 'number' | 'string' | 'boolean' | 'null';
  /** Of this type at this path in this array. */
  readonly isFirst: boolean;
  readonly value?: number | boolean | undefined;
  readonly text?: { readonly bytes: Uint8Array; readonly start: number; readonly size: number } | undefined;
}
type Visit = (path: readonly string[], scalar: Scalar) => void;

/** Tells of every scalar below a key inside an array; `tellOwn` of the scalars of the array itself, which are the column's own. */
export class PathWalk {
  readonly #cursor = new MsgpackCursor();
  readonly #tellOwn: (scalar: Pick<Scalar, 'value' | 'text'>) => void;
  readonly #path: string[];
  readonly #depth: number;
  readonly #seen = new Set<string>();
  #visit: Visit = () => {};

  constructor(segments: readonly string[], tellOwn: (scalar: Pick<Scalar, 'value' | 'text'>) => void = () => {}) {
    this.#tellOwn = tellOwn;
    this.#path = [...segments];
    this.#depth = segments.length;
  }

  run(block: Uint8Array, start: number, size: number, visit: Visit): void {
    this.#cursor.reset(block, new DataView(block.buffer, block.byteOffset, block.byteLength), start, start + size);
    this.#visit = visit;
    this.#seen.clear();
    this.#path.length = this.#depth;
    this.#walk();
  }

  #walk(): void {
    const cursor = this.#cursor;
    const type = cursor.read();
    switch (type) {
      case TYPE_ARRAY:
        for (let left = cursor.count; left > 0; left--) this.#walk();
        return;
      case TYPE_MAP:
        for (let left = cursor.count; left > 0; left--) {
          cursor.read();
          this.#path.push(this.#key());
          this.#walk();
          this.#path.pop();
        }
        return;
      case TYPE_STRING: {
        const { bytes, at, count } = cursor;
        cursor.at = at + count;
        this.#tell('string', { text: { bytes, start: at, size: count } });
        return;
      }
      case TYPE_NUMBER:
        this.#tell('number', { value: cursor.number });
        return;
      case TYPE_TRUE:
      case TYPE_FALSE:
        this.#tell('boolean', { value: type === TYPE_TRUE });
        return;
      case TYPE_DATE: {
        const bytes = Buffer.from(formatIsoDate(cursor.number));
        this.#tell('string', { text: { bytes, start: 0, size: bytes.length } });
        return;
      }
      case TYPE_NIL:
        this.#tell('null', {});
    }
  }

  #key(): string {
    const cursor = this.#cursor;
    const { bytes, at, count } = cursor;
    cursor.at = at + count;
    return Buffer.from(bytes.buffer, bytes.byteOffset + at, count).toString('utf8');
  }

  #tell(type: Scalar['type'], scalar: Pick<Scalar, 'value' | 'text'>): void {
    if (this.#path.length === this.#depth) {
      this.#tellOwn(scalar);
      return;
    }
    const key = `${type}\0${this.#path.join('\0')}`;
    const isFirst = !this.#seen.has(key);
    if (isFirst) this.#seen.add(key);
    this.#visit(this.#path, { type, isFirst, ...scalar });
  }
}
