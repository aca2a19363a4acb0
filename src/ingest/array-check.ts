/**
 * Checks the content of an array, which is kept as the bytes that came: what would be refused as a property is refused inside an array
 * too, so that whoever reads the bytes later meets nothing that JSON or the query language cannot say.
 */
import { ISO_DATE_MAX_MS, ISO_DATE_MIN_MS } from '../base/iso-date.ts';
import type { ErrorCode } from '../model/error.ts';
import { isValidUtf8 } from '../runtime/utf8.ts';
import {
  type MsgpackCursor,
  TYPE_ARRAY,
  TYPE_DATE,
  TYPE_MAP,
  TYPE_NUMBER,
  TYPE_STRING,
  TYPE_WIDE_INTEGER,
} from './msgpack.ts';

export class ArrayCheck {
  readonly #cursor: MsgpackCursor;
  readonly #depthMax: number;
  /** Set by `check` when the content is refused. */
  faultCode: ErrorCode | undefined;
  faultMessage = '';

  constructor(cursor: MsgpackCursor, depthMax: number) {
    this.#cursor = cursor;
    this.#depthMax = depthMax;
  }

  /** Walks `count` elements from the cursor on; `name` is what the array is called in messages, `depth` where it stands. */
  check(count: number, name: string, depth: number): void {
    this.faultCode = undefined;
    this.#elements(count, name, depth);
  }

  #fail(code: ErrorCode, message: string): void {
    if (this.faultCode !== undefined) return;
    this.faultCode = code;
    this.faultMessage = message;
  }

  #elements(count: number, name: string, depth: number): void {
    if (depth > this.#depthMax) return this.#fail('too_deep', `arrays are nested deeper than ${this.#depthMax}`);
    const cursor = this.#cursor;
    for (let i = 0; i < count && this.faultCode === undefined; i++) {
      const type = cursor.read();
      if (type === TYPE_STRING) this.#text();
      else if (type === TYPE_ARRAY) this.#elements(cursor.count, name, depth + 1);
      else if (type === TYPE_MAP) this.#entries(cursor.count, name, depth + 1);
      else if (type === TYPE_NUMBER && !Number.isFinite(cursor.number)) {
        this.#fail('invalid_number', `"${name}" holds a number that is not finite`);
      } else if (type === TYPE_DATE && !(cursor.number >= ISO_DATE_MIN_MS && cursor.number <= ISO_DATE_MAX_MS)) {
        this.#fail('invalid_value', `"${name}" holds a date out of range`);
      } else if (type > TYPE_DATE) {
        const [code, message] = refusalOf(name, type);
        this.#fail(code, message);
      }
    }
  }

  #entries(count: number, name: string, depth: number): void {
    if (depth > this.#depthMax) return this.#fail('too_deep', `nested deeper than ${this.#depthMax}`);
    const cursor = this.#cursor;
    for (let i = 0; i < count && this.faultCode === undefined; i++) {
      if (cursor.read() !== TYPE_STRING) return this.#fail('invalid_item', 'names of fields must be strings');
      this.#text();
      this.#elements(1, name, depth);
    }
  }

  #text(): void {
    const cursor = this.#cursor;
    const { bytes, at, count } = cursor;
    let seen = 0;
    for (let i = at; i < at + count; i++) seen |= bytes[i];
    if (seen >= 0x80 && !isValidUtf8(bytes, at, count)) this.#fail('invalid_value', 'a text is not valid UTF-8');
    cursor.at += count;
  }
}

/** Why a value of a type that nothing can hold is refused. */
export function refusalOf(name: string, type: number): [code: ErrorCode, message: string] {
  if (type === TYPE_WIDE_INTEGER) {
    return ['invalid_number', `"${name}" is an integer beyond 2^53; send it as a string`];
  }
  return ['invalid_value', `"${name}" is binary data or an extension; send text, a number, a date or an object`];
}
