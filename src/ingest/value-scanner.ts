/**
 * The names and values of one item: interns each name, puts each value on the tape as a leaf, and holds both to the limits. Knows nothing of what
 * an event is; `item-scanner.ts` does.
 *
 * The first mistake counts (`errorCode`); whoever walks on stops there. Guarded by bench `ingest-ws`.
 */
import { wasAscii, xxh32 } from '../base/hash.ts';
import { formatIsoDate, ISO_DATE_MAX_MS, ISO_DATE_MIN_MS } from '../base/iso-date.ts';
import type { ErrorCode } from '../model/error.ts';
import type { IngestLimits } from '../model/limits.ts';
import { isValidUtf8 } from '../runtime/utf8.ts';
import { ArrayCheck, refusalOf } from './array-check.ts';
import type { EventTape } from './event-tape.ts';
import * as tapeOf from './event-tape.ts';
import type { KnownNames } from './known-name.ts';
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
} from './msgpack.ts';
import { type NameInterner, ROOT_TRAITS } from './name-interner.ts';
import { dropOverridden } from './repeated-names.ts';

export class ValueScanner {
  readonly tape: EventTape;
  readonly cursor = new MsgpackCursor();
  readonly #names: NameInterner;
  readonly #known: KnownNames;
  readonly #limits: IngestLimits;
  readonly #hashSeed: number;
  readonly #arrayCheck: ArrayCheck;
  /** Why the item is refused; undefined = it is in order so far. */
  errorCode: ErrorCode | undefined;
  errorMessage = '';
  /** The item's first leaf. */
  leafStart = 0;
  /** Some path of the item may have more than one value. */
  mayRepeat = false;
  /** By path: number of the scan that last met its key. */
  #seen = new Uint32Array(1_024);
  #scanNumber = 0;

  constructor(tape: EventTape, names: NameInterner, known: KnownNames, limits: IngestLimits, hashSeed: number) {
    this.tape = tape;
    this.#names = names;
    this.#known = known;
    this.#limits = limits;
    this.#hashSeed = hashSeed;
    this.#arrayCheck = new ArrayCheck(this.cursor, limits.depth);
  }

  /** Puts the cursor on an item whose leaves come next on the tape. */
  begin(start: number, end: number): void {
    const { tape } = this;
    this.errorCode = undefined;
    this.leafStart = tape.leafCount;
    this.mayRepeat = false;
    if (this.#scanNumber === 0xffff_ffff) {
      this.#seen.fill(0);
      this.#scanNumber = 0;
    }
    this.#scanNumber += 1;
    this.cursor.reset(tape.bytes, tape.view, start, end);
  }

  fail(code: ErrorCode, message: string): void {
    if (this.errorCode !== undefined) return;
    this.errorCode = code;
    this.errorMessage = message;
  }

  /** Reads a map key and interns it; −1 after a failure. */
  key(parent: number): number {
    const cursor = this.cursor;
    if (cursor.read() !== TYPE_STRING) {
      this.fail('invalid_item', 'names of fields must be strings');
      return -1;
    }
    const length = cursor.count;
    const offset = cursor.at;
    cursor.at = offset + length;
    if (length > this.#limits.nameSizeBytes) {
      this.fail('name_too_long', `a name has ${length} bytes; the limit is ${this.#limits.nameSizeBytes}`);
      return -1;
    }
    const path = this.#names.intern(parent, this.tape.bytes, offset, length);
    if (path < 0) {
      if (path === -2) this.fail('invalid_value', 'a name is not valid UTF-8');
      else this.fail('schema_limit', `more than ${this.#names.limit} distinct names; this event brings a new one`);
      return path;
    }
    if (path >= this.#seen.length) this.#growSeen(path);
    if (this.#seen[path] === this.#scanNumber) this.mayRepeat = true;
    else this.#seen[path] = this.#scanNumber;
    return path;
  }

  #growSeen(path: number): void {
    const seen = new Uint32Array(2 ** Math.ceil(Math.log2(path + 1)));
    seen.set(this.#seen);
    this.#seen = seen;
  }

  /** Whether the item has the key. */
  wasSeen(path: number): boolean {
    return path < this.#seen.length && this.#seen[path] === this.#scanNumber;
  }

  section(root: number, name: string, base: number): void {
    const cursor = this.cursor;
    const type = cursor.read();
    if (type === TYPE_NIL) return;
    if (type !== TYPE_MAP) return this.fail('invalid_value', `${name} must be an object`);
    this.#map(cursor.count, root, base, 2);
  }

  #map(count: number, parent: number, base: number, depth: number): void {
    if (depth > this.#limits.depth) {
      return this.fail('too_deep', `objects are nested deeper than ${this.#limits.depth}`);
    }
    for (let i = 0; i < count; i++) {
      const path = this.key(parent);
      if (path < 0) return;
      this.value(path, base, depth);
      if (this.errorCode !== undefined) return;
    }
  }

  value(path: number, base: number, depth: number): void {
    const cursor = this.cursor;
    const tape = this.tape;
    const start = cursor.at;
    const type = cursor.read();
    if (tape.leafCount - this.leafStart >= this.#limits.propertyCount) {
      return this.fail('too_many_properties', `more than ${this.#limits.propertyCount} properties in one event`);
    }
    switch (type) {
      case TYPE_STRING: {
        const offset = cursor.at;
        const length = cursor.count;
        cursor.at = offset + length;
        return this.#stringLeaf(path, offset, length);
      }
      case TYPE_NUMBER:
        if (!Number.isFinite(cursor.number)) {
          return this.fail('invalid_number', `"${this.#names.nameOf(path)}" is not a finite number`);
        }
        return tape.addLeaf(path, tapeOf.LEAF_NUMBER, start, 0, 0, cursor.number);
      case TYPE_TRUE:
        return tape.addLeaf(path, tapeOf.LEAF_TRUE, start, 0, 0, 0);
      case TYPE_FALSE:
        return tape.addLeaf(path, tapeOf.LEAF_FALSE, start, 0, 0, 0);
      case TYPE_NIL:
        return tape.addLeaf(path, tapeOf.LEAF_NULL, start, 0, 0, 0);
      case TYPE_DATE:
        return this.#dateLeaf(path, cursor.number);
      case TYPE_MAP:
        if (cursor.count === 0) return tape.addLeaf(path, tapeOf.LEAF_EMPTY, start, 0, 0, 0);
        return this.#map(cursor.count, path, base, depth + 1);
      case TYPE_ARRAY: {
        const check = this.#arrayCheck;
        check.check(cursor.count, this.#names.nameOf(path), depth + 1);
        if (check.faultCode !== undefined) return this.fail(check.faultCode, check.faultMessage);
        const length = cursor.at - start;
        if (path === this.#known.externalIds) tape.items[base + tapeOf.ITEM_EXTERNAL_IDS] = tape.leafCount;
        const hash = xxh32(tape.bytes, start, length, this.#hashSeed);
        return tape.addLeaf(path, tapeOf.LEAF_ARRAY, start, length, hash, 0);
      }
      default:
        return this.#refuseValue(path, type);
    }
  }

  #refuseValue(path: number, type: number): void {
    const [code, message] = refusalOf(this.#names.nameOf(path), type);
    this.fail(code, message);
  }

  #stringLeaf(path: number, offset: number, length: number): void {
    const tape = this.tape;
    const hash = xxh32(tape.bytes, offset, length, this.#hashSeed);
    if (!wasAscii() && !isValidUtf8(tape.bytes, offset, length)) {
      return this.fail('invalid_value', `"${this.#names.nameOf(path)}" is not valid UTF-8`);
    }
    tape.addLeaf(path, tapeOf.LEAF_STRING, offset, length, hash, 0);
  }

  #dateLeaf(path: number, timeMs: number): void {
    if (!(timeMs >= ISO_DATE_MIN_MS && timeMs <= ISO_DATE_MAX_MS)) {
      return this.fail('invalid_value', `"${this.#names.nameOf(path)}" is a date out of range`);
    }
    const text = formatIsoDate(timeMs);
    const offset = this.appendText(text);
    const hash = xxh32(this.tape.bytes, offset, text.length, this.#hashSeed);
    this.tape.addLeaf(path, tapeOf.LEAF_STRING, offset, text.length, hash, 0);
  }

  /** Text behind the batch. The tape's buffer may move; the cursor follows it. */
  appendText(text: string): number {
    const tape = this.tape;
    const at = tape.appendText(text);
    this.cursor.bytes = tape.bytes;
    this.cursor.view = tape.view;
    return at;
  }

  /** Puts the item's traits under another name: `path` instead of the root. */
  moveTraits(path: number): void {
    const { tape } = this;
    for (let leaf = this.leafStart; leaf < tape.leafCount; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const from = tape.leaves[at];
      if (this.#names.rootOf(from) === ROOT_TRAITS) {
        tape.leaves[at] = this.#names.moved(from, ROOT_TRAITS, path);
        if (this.wasSeen(path)) this.mayRepeat = true;
      }
    }
  }

  addUnlessThere(path: number, offset: number, length: number): void {
    if (!this.wasSeen(path)) this.#stringLeaf(path, offset, length);
  }

  /** Where a path may have more than one value, the last one stays. The item is `base` on the tape. */
  dropOverridden(base: number): void {
    const { tape } = this;
    dropOverridden(tape, this.leafStart, this.#names);
    const field = base + tapeOf.ITEM_EXTERNAL_IDS;
    tape.items[field] = -1;
    for (let leaf = this.leafStart; leaf < tape.leafCount; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const isIds = tape.leaves[at] === this.#known.externalIds;
      if (isIds && tape.leaves[at + tapeOf.LEAF_TYPE] === tapeOf.LEAF_ARRAY) tape.items[field] = leaf;
    }
  }
}
