/**
 * Plain data of any size, in messages of bounded size: typed arrays that are too much for the first message follow in loads, cut into pieces
 * where need be, and are put back where they were.
 */
import { assert } from '../../base/assert.ts';
import type { Plain } from './part-kind.ts';

const ARRAYS = { Uint8Array, Uint16Array, Uint32Array, Int32Array, Float64Array } as const;
type ArrayName = keyof typeof ARRAYS;
type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** An array that follows, and where it belongs. */
interface Cut {
  readonly path: readonly (string | number)[];
  readonly name: ArrayName;
  readonly length: number;
}

/** The first message. */
export interface ParcelHead {
  /** Null stands where an array follows. */
  readonly value: Plain;
  readonly cuts: readonly Cut[];
  readonly loadCount: number;
}

/** Pieces of the arrays that follow, in their order. */
export type Load = readonly Numbers[];

/** Bytes of arrays in the first message, and in each that follows. */
export const LOAD_SIZE_BYTES = 4 * 1024 * 1024;
/** Shorter ones are never cut off: their place would take as much. */
const CUT_SIZE_BYTES_MIN = 256;

export class Parcel {
  readonly head: ParcelHead;
  readonly #loads: readonly Load[];

  /** Nothing is copied: the data must stay as they are. */
  constructor(value: Plain, loadSizeBytes: number = LOAD_SIZE_BYTES) {
    const cutter = new Cutter(loadSizeBytes);
    const rest = cutter.without(value);
    this.#loads = loadsOf(cutter.arrays, loadSizeBytes);
    this.head = { value: rest as Plain, cuts: cutter.cuts, loadCount: this.#loads.length };
  }

  load(index: number): Load {
    const load = this.#loads[index];
    assert(load !== undefined, 'a load that the head counts');
    return load;
  }
}

class Cutter {
  readonly cuts: Cut[] = [];
  readonly arrays: Numbers[] = [];
  #room: number;
  readonly #path: (string | number)[] = [];

  constructor(room: number) {
    this.#room = room;
  }

  /** A copy that ends at arrays; null stands for those that were cut off. */
  without(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value)) return this.#kept(value);
    if (Array.isArray(value)) return value.map((item, index) => this.#below(index, item));
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) copy[key] = this.#below(key, (value as Record<string, unknown>)[key]);
    return copy;
  }

  #below(step: string | number, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    this.#path.push(step);
    const rest = this.without(value);
    this.#path.pop();
    return rest;
  }

  #kept(view: ArrayBufferView): ArrayBufferView | null {
    const { byteLength } = view;
    if (byteLength <= this.#room || byteLength < CUT_SIZE_BYTES_MIN) {
      this.#room -= byteLength;
      return view;
    }
    const [name, array] = named(view);
    this.cuts.push({ path: [...this.#path], name, length: array.length });
    this.arrays.push(array);
    return null;
  }
}

function named(view: ArrayBufferView): readonly [ArrayName, Numbers] {
  for (const [name, type] of Object.entries(ARRAYS)) if (view instanceof type) return [name as ArrayName, view];
  throw new TypeError('a kind of array that is not sent');
}

function loadsOf(arrays: readonly Numbers[], loadSizeBytes: number): Load[] {
  const loads: Load[] = [];
  let load: Numbers[] = [];
  let room = loadSizeBytes;
  for (const array of arrays) {
    for (let from = 0; from < array.length; ) {
      const count = Math.min(array.length - from, Math.floor(room / array.BYTES_PER_ELEMENT));
      if (count > 0) load.push(array.subarray(from, from + count));
      from += count;
      room -= count * array.BYTES_PER_ELEMENT;
      if (from === array.length) continue;
      loads.push(load);
      load = [];
      room = loadSizeBytes;
    }
  }
  if (load.length > 0) loads.push(load);
  return loads;
}

/** The data again; what the head lacks is fetched. */
export async function unparcel(head: ParcelHead, fetch: (load: number) => Promise<Load>): Promise<Plain> {
  const arrays = head.cuts.map(({ name, length }) => new ARRAYS[name](length));
  let [array, at] = [0, 0];
  for (let index = 0; index < head.loadCount; index++) {
    for (const piece of await fetch(index)) {
      arrays[array].set(piece, at);
      at += piece.length;
      if (at < arrays[array].length) continue;
      array += 1;
      at = 0;
    }
  }
  assert(array === arrays.length, 'the loads hold all that was cut off');
  let value = head.value;
  head.cuts.forEach(({ path }, c) => {
    if (path.length === 0) value = arrays[c];
    else put(value, path, arrays[c]);
  });
  return value;
}

function put(value: Plain, path: readonly (string | number)[], array: Numbers): void {
  let into = value as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) into = into[step] as Record<string | number, unknown>;
  into[path[path.length - 1]] = array;
}
