/**
 * Puts traits in standard form on their way in, between the scan and the router: an item whose traits change gets new bytes behind the batch, and
 * is scanned again there. So what is applied, logged and replayed is the standard form, and a replay, which knows no rules, decides nothing.
 *
 * Traits are those of identify, alias and group calls; traits beside an event are its context and stay as they were sent. In the new
 * bytes only the values that changed differ from the old ones.
 */
import { pack } from 'msgpackr';
import { formatIsoDate } from '../base/iso-date.ts';
import { joinPath } from '../base/path.ts';
import { keepAsItIs, type LeafRule, type LeafValue, Standardiser } from '../identity/standardiser.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import type { ItemScanner } from '../ingest/item-scanner.ts';
import { KNOWN } from '../ingest/known-name.ts';
import {
  MsgpackCursor,
  skipValue,
  TYPE_ARRAY,
  TYPE_DATE,
  TYPE_MAP,
  TYPE_NUMBER,
  TYPE_STRING,
} from '../ingest/msgpack.ts';
import { type NameInterner, ROOT_ENVELOPE, ROOT_PROPERTIES, ROOT_TRAITS } from '../ingest/name-interner.ts';
import { decodeUtf8 } from '../memory/byte-heap.ts';
import type { IdentitySettings } from '../model/identity.ts';

export class IngestStandardiser {
  /** Values changed since the start, by rule. */
  readonly changedByRule: Record<string, number> = {};
  /** True when nothing is ever changed: then `apply` need not be called. */
  isIdle = true;
  readonly #scanner: ItemScanner;
  readonly #names: NameInterner;
  #standardiser: Standardiser | undefined;
  /** By path, as they are met; under `properties`, those of a group call. */
  #rules: LeafRule[] = [];
  readonly #cursor = new MsgpackCursor();
  /** The new bytes of the item at hand, and the end of what was taken over from the old ones. */
  readonly #pieces: Uint8Array[] = [];
  #takenEnd = 0;

  constructor(scanner: ItemScanner, names: NameInterner) {
    this.#scanner = scanner;
    this.#names = names;
  }

  /** From the next item on. */
  use(settings: IdentitySettings): void {
    this.#standardiser = new Standardiser(settings);
    this.#rules = [];
    this.isIdle = this.#standardiser.isIdle;
  }

  /** To be called when the scanner has accepted an item, with what it was scanned with. It may be refused now: see the scanner's `errorCode`. */
  apply(index: number, defaultKind: number): void {
    const { tape } = this.#scanner;
    const item = tape.itemCount - 1;
    const base = item * tapeOf.ITEM_STRIDE;
    const leafStart = tape.items[base + tapeOf.ITEM_LEAF_START];
    if (!this.#changes(base)) return;
    const start = tape.items[base + tapeOf.ITEM_START];
    const bytes = this.#changed(start, tape.items[base + tapeOf.ITEM_END]);
    tape.itemCount = item;
    tape.leafCount = leafStart;
    const at = tape.append(bytes);
    this.#scanner.scan(at, tape.length, index, defaultKind);
  }

  /** Whether any trait of the item is not in standard form. */
  #changes(base: number): boolean {
    const { tape } = this.#scanner;
    const kind = tape.items[base + tapeOf.ITEM_KIND];
    const isGroup = kind === tapeOf.KIND_GROUP;
    if (!isGroup && kind !== tapeOf.KIND_IDENTIFY && kind !== tapeOf.KIND_ALIAS) return false;
    const root = isGroup ? ROOT_PROPERTIES : ROOT_TRAITS;
    const leafEnd = tape.items[base + tapeOf.ITEM_LEAF_END];
    for (let leaf = tape.items[base + tapeOf.ITEM_LEAF_START]; leaf < leafEnd; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const path = tape.leaves[at];
      if (this.#names.rootOf(path) !== root) continue;
      const rule = this.#ruleOf(path);
      if (rule === keepAsItIs) continue;
      const type = tape.leaves[at + tapeOf.LEAF_TYPE];
      let value: LeafValue;
      if (type === tapeOf.LEAF_NUMBER) value = tape.numbers[leaf];
      else if (type !== tapeOf.LEAF_STRING) continue;
      else {
        value = decodeUtf8(tape.bytes, tape.leaves[at + tapeOf.LEAF_OFFSET], tape.leaves[at + tapeOf.LEAF_LENGTH]);
      }
      if (rule(value) !== value) return true;
    }
    return false;
  }

  #ruleOf(path: number): LeafRule {
    let rule = this.#rules[path];
    if (rule === undefined) {
      const trait = this.#traitOf(path);
      rule = trait === undefined ? keepAsItIs : this.#standardiser!.forPath(trait);
      this.#rules[path] = rule;
    }
    return rule;
  }

  /** Path of the trait, as rules name it; undefined when it is none. */
  #traitOf(path: number): string | undefined {
    const segments = this.#names.segmentsOf(path);
    if (this.#names.rootOf(path) === ROOT_TRAITS) return joinPath(segments);
    return segments[0] === 'traits' ? joinPath(segments.slice(1)) : undefined;
  }

  /** The item's bytes with every trait in standard form. */
  #changed(start: number, end: number): Uint8Array {
    const { bytes, view } = this.#scanner.tape;
    const cursor = this.#cursor;
    cursor.reset(bytes, view, start, end);
    this.#pieces.length = 0;
    this.#takenEnd = start;
    cursor.read();
    for (let left = cursor.count; left > 0; left--) {
      const isTraits = this.#key(ROOT_ENVELOPE) === KNOWN.traits;
      const from = cursor.at;
      if (isTraits && cursor.read() === TYPE_MAP) this.#changeMap(cursor.count, ROOT_TRAITS);
      else cursor.at = skipValue(bytes, view, from, end);
    }
    this.#pieces.push(bytes.subarray(this.#takenEnd, end));
    return Buffer.concat(this.#pieces);
  }

  /** The scanner has seen the key and learned its path. */
  #key(parent: number): number {
    const cursor = this.#cursor;
    cursor.read();
    const path = this.#names.intern(parent, cursor.bytes, cursor.at, cursor.count);
    cursor.at += cursor.count;
    return path;
  }

  #changeMap(count: number, parent: number): void {
    for (let left = count; left > 0; left--) this.#changeValue(this.#key(parent));
  }

  #changeValue(path: number): void {
    const cursor = this.#cursor;
    const from = cursor.at;
    switch (cursor.read()) {
      case TYPE_MAP:
        return this.#changeMap(cursor.count, path);
      case TYPE_ARRAY:
        cursor.at = skipValue(cursor.bytes, cursor.view, from, cursor.end);
        return;
      case TYPE_STRING: {
        const text = decodeUtf8(cursor.bytes, cursor.at, cursor.count);
        cursor.at += cursor.count;
        return this.#put(path, text, from);
      }
      case TYPE_NUMBER:
        return this.#put(path, cursor.number, from);
      case TYPE_DATE:
        return this.#put(path, formatIsoDate(cursor.number), from);
      default:
        return;
    }
  }

  /** The value's bytes begin at `from` and end at the cursor. */
  #put(path: number, value: LeafValue, from: number): void {
    const next = this.#ruleOf(path)(value);
    if (next === value) return;
    this.#pieces.push(this.#cursor.bytes.subarray(this.#takenEnd, from), pack(next));
    this.#takenEnd = this.#cursor.at;
    for (const rule of this.#standardiser!.rulesThatChange(this.#traitOf(path)!, value)) {
      this.changedByRule[rule] = (this.changedByRule[rule] ?? 0) + 1;
    }
  }
}
