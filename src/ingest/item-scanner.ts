/**
 * Scans one event (a msgpack map in Segment's shape) onto the tape, in one pass and without making objects: the ingest hot path.
 *
 * A mistake inside an item is that item's (`errorCode` is set and its neighbours go on); bytes that are not msgpack end the
 * batch (`EngineError` malformed_msgpack). The same bytes always give the same tape: replay depends on it.
 * Guarded by bench `ingest-ws`.
 */

import { murmur32, wasAscii, xxh32 } from '../base/hash.ts';
import { formatIsoDate, ISO_DATE_MAX_MS, ISO_DATE_MIN_MS, parseIsoDateBytesMs } from '../base/iso-date.ts';
import { GROUP_JOINED, PAGE_VIEWED, SCREEN_VIEWED } from '../model/call-event.ts';
import type { ErrorCode } from '../model/error.ts';
import type { IngestLimits } from '../model/limits.ts';
import { isValidUtf8 } from '../runtime/utf8.ts';
import { ArrayCheck, refusalOf } from './array-check.ts';
import type { EventTape } from './event-tape.ts';
import * as tapeOf from './event-tape.ts';
import { KNOWN, type KnownNames } from './known-name.ts';
import {
  MsgpackCursor,
  skipValue,
  TYPE_ARRAY,
  TYPE_DATE,
  TYPE_FALSE,
  TYPE_MAP,
  TYPE_NIL,
  TYPE_NUMBER,
  TYPE_STRING,
  TYPE_TRUE,
} from './msgpack.ts';
import { type NameInterner, ROOT_CONTEXT, ROOT_ENVELOPE, ROOT_PROPERTIES, ROOT_TRAITS } from './name-interner.ts';
import { dropOverridden } from './repeated-names.ts';

export class ItemScanner {
  readonly tape: EventTape;
  readonly #names: NameInterner;
  readonly #known: KnownNames;
  readonly #limits: IngestLimits;
  readonly #hashSeed: number;
  readonly #cursor = new MsgpackCursor();
  readonly #arrayCheck: ArrayCheck;
  /** Set by `scan` when the item is refused. */
  errorCode: ErrorCode | undefined;
  errorMessage = '';
  #itemLeafStart = 0;
  #nameOffset = -1;
  #nameLength = 0;
  #categoryOffset = -1;
  #categoryLength = 0;
  /** By path: number of the scan that last met its key. */
  #seen = new Uint32Array(1_024);
  #scanNumber = 0;
  /** Some path of the item may have more than one value. */
  #mayRepeat = false;
  #hasExtra = false;

  constructor(tape: EventTape, names: NameInterner, known: KnownNames, limits: IngestLimits, hashSeed: number) {
    this.tape = tape;
    this.#names = names;
    this.#known = known;
    this.#limits = limits;
    this.#hashSeed = hashSeed;
    this.#arrayCheck = new ArrayCheck(this.#cursor, limits.depth);
  }

  /**
   * Scans the value at `start`; the item is added to the tape when it is in order, else `errorCode` tells why not. Gives the position behind it.
   * `defaultKind` is taken when the item has no `type` of its own.
   */
  scan(start: number, end: number, index: number, defaultKind: number): number {
    const tape = this.tape;
    this.errorCode = undefined;
    this.#itemLeafStart = tape.leafCount;
    this.#nameOffset = -1;
    this.#categoryOffset = -1;
    this.#mayRepeat = false;
    this.#hasExtra = false;
    if (this.#scanNumber === 0xffff_ffff) {
      this.#seen.fill(0);
      this.#scanNumber = 0;
    }
    this.#scanNumber += 1;
    const cursor = this.#cursor;
    cursor.reset(tape.bytes, tape.view, start, end);
    const item = tape.addItem();
    const base = item * tapeOf.ITEM_STRIDE;
    tape.items[base + tapeOf.ITEM_KIND] = defaultKind;
    tape.items[base + tapeOf.ITEM_INDEX] = index;
    tape.items[base + tapeOf.ITEM_START] = start;
    tape.items[base + tapeOf.ITEM_LEAF_START] = tape.leafCount;
    if (cursor.read() !== TYPE_MAP) {
      this.#fail('invalid_item', 'an event must be an object');
    } else {
      const count = cursor.count;
      for (let i = 0; i < count && this.errorCode === undefined; i++) this.#field(base, item);
    }
    let after = cursor.at;
    if (this.errorCode !== undefined) after = skipValue(tape.bytes, tape.view, start, end);
    if (this.errorCode === undefined && after - start > this.#limits.eventSizeBytes) {
      this.#fail(
        'event_too_large',
        `the event has ${after - start} bytes; the limit is ${this.#limits.eventSizeBytes}`,
      );
    }
    if (this.errorCode === undefined) this.#finish(base);
    if (this.#hasExtra && this.#wasSeen(this.#known.contextExtra)) this.#mayRepeat = true;
    if (this.#mayRepeat && this.errorCode === undefined) this.#dropOverridden(base);
    if (this.errorCode !== undefined) {
      tape.itemCount = item;
      tape.leafCount = this.#itemLeafStart;
      return after;
    }
    tape.items[base + tapeOf.ITEM_END] = after;
    tape.items[base + tapeOf.ITEM_LEAF_END] = tape.leafCount;
    return after;
  }

  #fail(code: ErrorCode, message: string): void {
    if (this.errorCode !== undefined) return;
    this.errorCode = code;
    this.errorMessage = message;
  }

  #field(base: number, item: number): void {
    const path = this.#key(ROOT_ENVELOPE);
    if (path < 0) return;
    switch (path) {
      case KNOWN.type:
        return this.#type(base);
      case KNOWN.userId:
        return this.#id(base + tapeOf.ITEM_USER, 'userId');
      case KNOWN.anonymousId:
        return this.#id(base + tapeOf.ITEM_ANONYMOUS, 'anonymousId');
      case KNOWN.messageId:
        return this.#id(base + tapeOf.ITEM_MESSAGE_ID, 'messageId');
      case KNOWN.previousId:
        return this.#id(base + tapeOf.ITEM_PREVIOUS, 'previousId');
      case KNOWN.groupId:
        return this.#id(base + tapeOf.ITEM_GROUP, 'groupId');
      case KNOWN.event:
        return this.#eventName(base);
      case KNOWN.properties:
        return this.#section(ROOT_PROPERTIES, 'properties', base);
      case KNOWN.traits:
        return this.#section(ROOT_TRAITS, 'traits', base);
      case KNOWN.context:
        return this.#section(ROOT_CONTEXT, 'context', base);
      case KNOWN.timestamp:
        this.tape.times[item] = this.#time('timestamp');
        return;
      case KNOWN.originalTimestamp:
        this.tape.originalTimes[item] = this.#time('originalTimestamp');
        return;
      case KNOWN.sentAt:
        this.tape.sentAts[item] = this.#time('sentAt');
        return;
      case KNOWN.name:
      case KNOWN.category:
        return this.#pageField(path);
      default:
        if (path <= KNOWN.lastDelivery) return this.#skip();
        // A field that the spec does not know is kept under context.extra.
        this.#hasExtra = true;
        this.#value(this.#names.moved(path, ROOT_ENVELOPE, this.#known.contextExtra), base, 2);
    }
  }

  /** Reads a map key and interns it; −1 after a failure. */
  #key(parent: number): number {
    const cursor = this.#cursor;
    if (cursor.read() !== TYPE_STRING) {
      this.#fail('invalid_item', 'names of fields must be strings');
      return -1;
    }
    const length = cursor.count;
    const offset = cursor.at;
    cursor.at = offset + length;
    if (length > this.#limits.nameSizeBytes) {
      this.#fail('name_too_long', `a name has ${length} bytes; the limit is ${this.#limits.nameSizeBytes}`);
      return -1;
    }
    const path = this.#names.intern(parent, this.tape.bytes, offset, length);
    if (path < 0) {
      if (path === -2) this.#fail('invalid_value', 'a name is not valid UTF-8');
      else this.#fail('schema_limit', `more than ${this.#names.limit} distinct names; this event brings a new one`);
      return path;
    }
    if (path >= this.#seen.length) this.#growSeen(path);
    if (this.#seen[path] === this.#scanNumber) this.#mayRepeat = true;
    else this.#seen[path] = this.#scanNumber;
    return path;
  }

  #growSeen(path: number): void {
    const seen = new Uint32Array(2 ** Math.ceil(Math.log2(path + 1)));
    seen.set(this.#seen);
    this.#seen = seen;
  }

  /** Whether the item has the key. */
  #wasSeen(path: number): boolean {
    return path < this.#seen.length && this.#seen[path] === this.#scanNumber;
  }

  #dropOverridden(base: number): void {
    const { tape } = this;
    dropOverridden(tape, this.#itemLeafStart, this.#names);
    const field = base + tapeOf.ITEM_EXTERNAL_IDS;
    tape.items[field] = -1;
    for (let leaf = this.#itemLeafStart; leaf < tape.leafCount; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const isIds = tape.leaves[at] === this.#known.externalIds;
      if (isIds && tape.leaves[at + tapeOf.LEAF_TYPE] === tapeOf.LEAF_ARRAY) tape.items[field] = leaf;
    }
  }

  #skip(): void {
    const cursor = this.#cursor;
    cursor.at = skipValue(cursor.bytes, cursor.view, cursor.at, cursor.end);
  }

  #type(base: number): void {
    const cursor = this.#cursor;
    if (cursor.read() !== TYPE_STRING) return this.#fail('unknown_type', 'type must be a string');
    const offset = cursor.at;
    cursor.at = offset + cursor.count;
    const kind = this.#known.kindOf(this.tape.bytes, offset, cursor.count);
    if (kind === 0) {
      return this.#fail('unknown_type', 'type must be one of track, identify, page, screen, group, alias');
    }
    this.tape.items[base + tapeOf.ITEM_KIND] = kind;
  }

  /** An identifier: text, or a whole number taken as its decimal text. null and "" are as good as absent. */
  #id(at: number, name: string): void {
    const cursor = this.#cursor;
    const tape = this.tape;
    const type = cursor.read();
    let offset = cursor.at;
    let length = cursor.count;
    if (type === TYPE_NIL) return;
    if (type === TYPE_NUMBER && Number.isSafeInteger(cursor.number)) {
      const text = String(cursor.number);
      offset = this.#appendText(text);
      length = text.length;
    } else if (type === TYPE_STRING) {
      cursor.at = offset + length;
      if (length === 0) return;
    } else {
      return this.#fail(name === 'messageId' ? 'invalid_message_id' : 'invalid_id', `${name} must be a string`);
    }
    if (length > this.#limits.idSizeBytes) {
      return this.#fail('id_too_long', `${name} has ${length} bytes; the limit is ${this.#limits.idSizeBytes}`);
    }
    const hash = xxh32(tape.bytes, offset, length, this.#hashSeed);
    if (!wasAscii() && !isValidUtf8(tape.bytes, offset, length)) {
      return this.#fail('invalid_id', `${name} is not valid UTF-8`);
    }
    tape.items[at] = offset;
    tape.items[at + 1] = length;
    tape.items[at + 2] = hash;
  }

  #eventName(base: number): void {
    const cursor = this.#cursor;
    const type = cursor.read();
    if (type === TYPE_NIL) return;
    if (type !== TYPE_STRING) return this.#fail('missing_event', 'event must be a string');
    const offset = cursor.at;
    const length = cursor.count;
    cursor.at = offset + length;
    if (length > this.#limits.nameSizeBytes) {
      return this.#fail(
        'name_too_long',
        `the event name has ${length} bytes; the limit is ${this.#limits.nameSizeBytes}`,
      );
    }
    this.#setEvent(base, offset, length);
    if (!wasAscii() && !isValidUtf8(this.tape.bytes, offset, length)) {
      this.#fail('invalid_value', 'the event name is not valid UTF-8');
    }
  }

  #setEvent(base: number, offset: number, length: number): void {
    const items = this.tape.items;
    items[base + tapeOf.ITEM_EVENT] = offset;
    items[base + tapeOf.ITEM_EVENT + 1] = length;
    items[base + tapeOf.ITEM_EVENT + 2] = xxh32(this.tape.bytes, offset, length, this.#hashSeed);
  }

  #time(name: string): number {
    const cursor = this.#cursor;
    const type = cursor.read();
    let timeMs = Number.NaN;
    if (type === TYPE_NIL) return timeMs;
    if (type === TYPE_STRING) {
      timeMs = parseIsoDateBytesMs(cursor.bytes, cursor.at, cursor.count);
      cursor.at += cursor.count;
    } else if (type === TYPE_NUMBER || type === TYPE_DATE) {
      timeMs = Math.floor(cursor.number);
    }
    if (!(timeMs >= ISO_DATE_MIN_MS && timeMs <= ISO_DATE_MAX_MS)) {
      this.#fail('invalid_timestamp', `${name} must be ISO 8601, such as 2026-01-31T12:00:00.000Z, or milliseconds`);
    }
    return timeMs;
  }

  /** Top-level `name` and `category` of page and screen calls; kept until the kind is known. */
  #pageField(path: number): void {
    const cursor = this.#cursor;
    const type = cursor.read();
    if (type === TYPE_NIL) return;
    if (type !== TYPE_STRING) return this.#fail('invalid_value', 'name and category must be strings');
    if (path === KNOWN.name) {
      this.#nameOffset = cursor.at;
      this.#nameLength = cursor.count;
    } else {
      this.#categoryOffset = cursor.at;
      this.#categoryLength = cursor.count;
    }
    cursor.at += cursor.count;
  }

  #section(root: number, name: string, base: number): void {
    const cursor = this.#cursor;
    const type = cursor.read();
    if (type === TYPE_NIL) return;
    if (type !== TYPE_MAP) return this.#fail('invalid_value', `${name} must be an object`);
    this.#map(cursor.count, root, base, 2);
  }

  #map(count: number, parent: number, base: number, depth: number): void {
    if (depth > this.#limits.depth) {
      return this.#fail('too_deep', `objects are nested deeper than ${this.#limits.depth}`);
    }
    for (let i = 0; i < count; i++) {
      const path = this.#key(parent);
      if (path < 0) return;
      this.#value(path, base, depth);
      if (this.errorCode !== undefined) return;
    }
  }

  #value(path: number, base: number, depth: number): void {
    const cursor = this.#cursor;
    const tape = this.tape;
    const start = cursor.at;
    const type = cursor.read();
    if (tape.leafCount - this.#itemLeafStart >= this.#limits.propertyCount) {
      return this.#fail('too_many_properties', `more than ${this.#limits.propertyCount} properties in one event`);
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
          return this.#fail('invalid_number', `"${this.#names.nameOf(path)}" is not a finite number`);
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
        if (check.faultCode !== undefined) return this.#fail(check.faultCode, check.faultMessage);
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
    this.#fail(code, message);
  }

  #stringLeaf(path: number, offset: number, length: number): void {
    const tape = this.tape;
    const hash = xxh32(tape.bytes, offset, length, this.#hashSeed);
    if (!wasAscii() && !isValidUtf8(tape.bytes, offset, length)) {
      return this.#fail('invalid_value', `"${this.#names.nameOf(path)}" is not valid UTF-8`);
    }
    tape.addLeaf(path, tapeOf.LEAF_STRING, offset, length, hash, 0);
  }

  #dateLeaf(path: number, timeMs: number): void {
    if (!(timeMs >= ISO_DATE_MIN_MS && timeMs <= ISO_DATE_MAX_MS)) {
      return this.#fail('invalid_value', `"${this.#names.nameOf(path)}" is a date out of range`);
    }
    const text = formatIsoDate(timeMs);
    const offset = this.#appendText(text);
    const hash = xxh32(this.tape.bytes, offset, text.length, this.#hashSeed);
    this.tape.addLeaf(path, tapeOf.LEAF_STRING, offset, text.length, hash, 0);
  }

  /** Text behind the batch. The tape's buffer may move; the cursor follows it. */
  #appendText(text: string): number {
    const tape = this.tape;
    const at = tape.appendText(text);
    this.#cursor.bytes = tape.bytes;
    this.#cursor.view = tape.view;
    return at;
  }

  /** Checks that need the whole item, and the event names and properties that a kind implies. */
  #finish(base: number): void {
    const tape = this.tape;
    const items = tape.items;
    if (items[base + tapeOf.ITEM_USER + 1] < 0 && items[base + tapeOf.ITEM_ANONYMOUS + 1] < 0) {
      return this.#fail('missing_user', 'the event has neither userId nor anonymousId');
    }
    const messageLength = items[base + tapeOf.ITEM_MESSAGE_ID + 1];
    if (messageLength > 0) {
      const offset = items[base + tapeOf.ITEM_MESSAGE_ID];
      // A message id is its sender's: the same id on another person is another message, whatever shard either lives on.
      const isUser = items[base + tapeOf.ITEM_USER + 1] >= 0;
      // A user and a visitor whose ids read alike are two people.
      const person = isUser ? items[base + tapeOf.ITEM_USER + 2] : ~items[base + tapeOf.ITEM_ANONYMOUS + 2];
      items[base + tapeOf.ITEM_MESSAGE_HASH] = murmur32(tape.bytes, offset, messageLength, person);
    }
    const kind = items[base + tapeOf.ITEM_KIND];
    if (kind === tapeOf.KIND_TRACK) {
      if (!(items[base + tapeOf.ITEM_EVENT + 1] > 0)) this.#fail('missing_event', 'a track call needs an event name');
      else this.#moveTraits();
    } else if (kind === tapeOf.KIND_PAGE || kind === tapeOf.KIND_SCREEN) {
      this.#finishPage(base, kind === tapeOf.KIND_PAGE ? PAGE_VIEWED : SCREEN_VIEWED);
    } else if (kind === tapeOf.KIND_GROUP) {
      this.#finishGroup(base);
    } else if (kind === tapeOf.KIND_ALIAS) {
      if (items[base + tapeOf.ITEM_PREVIOUS + 1] < 0)
        this.#fail('missing_previous_id', 'an alias call needs previousId');
      else if (items[base + tapeOf.ITEM_USER + 1] < 0) this.#fail('missing_user', 'an alias call needs userId');
      // The old id is from here on what an anonymous id is: another name of the user.
      else items.copyWithin(base + tapeOf.ITEM_ANONYMOUS, base + tapeOf.ITEM_PREVIOUS, base + tapeOf.ITEM_PREVIOUS + 3);
    } else if (kind === 0) {
      this.#fail('unknown_type', 'the event has no type: track, identify, page, screen, group or alias');
    }
  }

  /** Traits beside a track, page or screen call belong to the event's context, as the spec has it. */
  #moveTraits(): void {
    const tape = this.tape;
    for (let leaf = this.#itemLeafStart; leaf < tape.leafCount; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const path = tape.leaves[at];
      if (this.#names.rootOf(path) === ROOT_TRAITS) {
        tape.leaves[at] = this.#names.moved(path, ROOT_TRAITS, this.#known.contextTraits);
        if (this.#wasSeen(this.#known.contextTraits)) this.#mayRepeat = true;
      }
    }
  }

  #finishPage(base: number, event: string): void {
    const offset = this.#appendText(event);
    this.#setEvent(base, offset, event.length);
    this.#moveTraits();
    if (this.#nameOffset >= 0) this.#addUnlessThere(this.#known.propertyName, this.#nameOffset, this.#nameLength);
    if (this.#categoryOffset >= 0) {
      this.#addUnlessThere(this.#known.propertyCategory, this.#categoryOffset, this.#categoryLength);
    }
  }

  #finishGroup(base: number): void {
    const tape = this.tape;
    const length = tape.items[base + tapeOf.ITEM_GROUP + 1];
    if (length < 0) return this.#fail('missing_group_id', 'a group call needs groupId');
    this.#setEvent(base, this.#appendText(GROUP_JOINED), GROUP_JOINED.length);
    for (let leaf = this.#itemLeafStart; leaf < tape.leafCount; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const path = tape.leaves[at];
      if (this.#names.rootOf(path) === ROOT_TRAITS) {
        tape.leaves[at] = this.#names.moved(path, ROOT_TRAITS, this.#known.propertyTraits);
        if (this.#wasSeen(this.#known.propertyTraits)) this.#mayRepeat = true;
      }
    }
    this.#addUnlessThere(this.#known.propertyGroupId, tape.items[base + tapeOf.ITEM_GROUP], length);
  }

  #addUnlessThere(path: number, offset: number, length: number): void {
    if (!this.#wasSeen(path)) this.#stringLeaf(path, offset, length);
  }
}
