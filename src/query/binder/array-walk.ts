/**
 * What a path reaches inside a stored array, walking its msgpack bytes in place: a step onto an array goes into every
 * element, what lies at the end is flattened. Depth was bounded when the array came in.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import {
  MsgpackCursor,
  skipValue,
  TYPE_ARRAY,
  TYPE_DATE,
  TYPE_FALSE,
  TYPE_MAP,
  TYPE_NUMBER,
  TYPE_STRING,
  TYPE_TRUE,
} from '../../ingest/msgpack.ts';

/** Bytes by code: a dictionary, or an image of one. `heap` tells where the located bytes lie until the next call. */
export interface TextSource {
  readonly heap: { readonly block: Uint8Array; readonly start: number; readonly size: number };
  locate(code: number): void;
}

/** Told of each scalar in order; `true` ends the walk. `present` is told of anything at the end that is not null. */
export interface ArrayVisitor {
  present(): boolean;
  number(value: number): boolean;
  boolean(value: boolean): boolean;
  text(bytes: Uint8Array, start: number, size: number): boolean;
}

const NO_BYTES = new Uint8Array(0);

export class ArrayWalk {
  readonly #cursor = new MsgpackCursor();
  readonly #steps: readonly Uint8Array[];
  #block: Uint8Array = NO_BYTES;
  #view: DataView = new DataView(NO_BYTES.buffer);

  /** `rest`: the segments from the array on. */
  constructor(rest: readonly string[]) {
    this.#steps = rest.map((segment) => Buffer.from(segment));
  }

  /** Walks the array with this code; true when the visitor ended the walk. */
  run(dictionary: TextSource, code: number, visitor: ArrayVisitor): boolean {
    dictionary.locate(code);
    const { block, start, size } = dictionary.heap;
    if (block !== this.#block) {
      this.#block = block;
      this.#view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    }
    this.#cursor.reset(block, this.#view, start, start + size);
    return this.#walk(0, visitor);
  }

  #walk(depth: number, visitor: ArrayVisitor): boolean {
    const cursor = this.#cursor;
    const isEnd = depth === this.#steps.length;
    const type = cursor.read();
    switch (type) {
      case TYPE_ARRAY: {
        const count = cursor.count;
        if (isEnd && visitor.present()) return true;
        for (let i = 0; i < count; i++) if (this.#walk(depth, visitor)) return true;
        return false;
      }
      case TYPE_MAP:
        return this.#walkMap(cursor.count, depth, visitor);
      case TYPE_STRING: {
        const start = cursor.at;
        cursor.at = start + cursor.count;
        return isEnd && (visitor.present() || visitor.text(cursor.bytes, start, cursor.count));
      }
      case TYPE_NUMBER:
        return isEnd && (visitor.present() || visitor.number(cursor.number));
      case TYPE_TRUE:
      case TYPE_FALSE:
        return isEnd && (visitor.present() || visitor.boolean(type === TYPE_TRUE));
      case TYPE_DATE: {
        if (!isEnd) return false;
        const text = Buffer.from(formatIsoDate(cursor.number));
        return visitor.present() || visitor.text(text, 0, text.length);
      }
      default:
        return false;
    }
  }

  #walkMap(count: number, depth: number, visitor: ArrayVisitor): boolean {
    const cursor = this.#cursor;
    const isEnd = depth === this.#steps.length;
    if (isEnd && visitor.present()) return true;
    for (let i = 0; i < count; i++) {
      cursor.read();
      const start = cursor.at;
      const size = cursor.count;
      cursor.at = start + size;
      if (!isEnd && this.#isStep(depth, start, size)) {
        if (this.#walk(depth + 1, visitor)) return true;
      } else {
        cursor.at = skipValue(cursor.bytes, cursor.view, cursor.at, cursor.end);
      }
    }
    return false;
  }

  #isStep(depth: number, start: number, size: number): boolean {
    const step = this.#steps[depth];
    if (step.length !== size) return false;
    const bytes = this.#cursor.bytes;
    for (let i = 0; i < size; i++) if (bytes[start + i] !== step[i]) return false;
    return true;
  }
}
