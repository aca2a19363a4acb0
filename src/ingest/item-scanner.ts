/**
 * Scans one event (a msgpack map in Segment's shape) onto the tape, in one pass and without making objects: the ingest hot path. Here are
 * the fields of an event and what each may hold; below them `value-scanner.ts` walks, and `call-kind.ts` says what the kind implies.
 *
 * A mistake inside an item is that item's (`errorCode` is set and its neighbours go on); bytes that are not msgpack end the
 * batch (`EngineError` malformed_msgpack). The same bytes always give the same tape: replay depends on it.
 * Guarded by bench `ingest-ws`.
 */

import { wasAscii, xxh32 } from '../base/hash.ts';
import { ISO_DATE_MAX_MS, ISO_DATE_MIN_MS, parseIsoDateBytesMs } from '../base/iso-date.ts';
import type { ErrorCode } from '../model/error.ts';
import type { IngestLimits } from '../model/limits.ts';
import { isValidUtf8 } from '../runtime/utf8.ts';
import { CallKind } from './call-kind.ts';
import type { EventTape } from './event-tape.ts';
import * as tapeOf from './event-tape.ts';
import { KNOWN, type KnownNames } from './known-name.ts';
import { type MsgpackCursor, skipValue, TYPE_DATE, TYPE_MAP, TYPE_NIL, TYPE_NUMBER, TYPE_STRING } from './msgpack.ts';
import { type NameInterner, ROOT_CONTEXT, ROOT_ENVELOPE, ROOT_PROPERTIES, ROOT_TRAITS } from './name-interner.ts';
import { ValueScanner } from './value-scanner.ts';

export class ItemScanner {
  readonly tape: EventTape;
  readonly #names: NameInterner;
  readonly #known: KnownNames;
  readonly #limits: IngestLimits;
  readonly #hashSeed: number;
  readonly #values: ValueScanner;
  readonly #kind: CallKind;
  /** That of `#values`. */
  readonly #cursor: MsgpackCursor;
  #hasExtra = false;

  constructor(tape: EventTape, names: NameInterner, known: KnownNames, limits: IngestLimits, hashSeed: number) {
    this.tape = tape;
    this.#names = names;
    this.#known = known;
    this.#limits = limits;
    this.#hashSeed = hashSeed;
    this.#values = new ValueScanner(tape, names, known, limits, hashSeed);
    this.#kind = new CallKind(this.#values, known, hashSeed);
    this.#cursor = this.#values.cursor;
  }

  /** Set by `scan` when the item is refused. */
  get errorCode(): ErrorCode | undefined {
    return this.#values.errorCode;
  }

  get errorMessage(): string {
    return this.#values.errorMessage;
  }

  /**
   * Scans the value at `start`; the item is added to the tape when it is in order, else `errorCode` tells why not. Gives the position behind it.
   * `defaultKind` is taken when the item has no `type` of its own.
   */
  scan(start: number, end: number, index: number, defaultKind: number): number {
    const tape = this.tape;
    const values = this.#values;
    const cursor = this.#cursor;
    values.begin(start, end);
    this.#kind.begin();
    this.#hasExtra = false;
    const item = tape.addItem();
    const base = item * tapeOf.ITEM_STRIDE;
    tape.items[base + tapeOf.ITEM_KIND] = defaultKind;
    tape.items[base + tapeOf.ITEM_INDEX] = index;
    tape.items[base + tapeOf.ITEM_START] = start;
    tape.items[base + tapeOf.ITEM_LEAF_START] = tape.leafCount;
    if (cursor.read() !== TYPE_MAP) {
      values.fail('invalid_item', 'an event must be an object');
    } else {
      const count = cursor.count;
      for (let i = 0; i < count && values.errorCode === undefined; i++) this.#field(base, item);
    }
    let after = cursor.at;
    if (values.errorCode !== undefined) after = skipValue(tape.bytes, tape.view, start, end);
    if (values.errorCode === undefined && after - start > this.#limits.eventSizeBytes) {
      values.fail(
        'event_too_large',
        `the event has ${after - start} bytes; the limit is ${this.#limits.eventSizeBytes}`,
      );
    }
    if (values.errorCode === undefined) this.#kind.finish(base);
    if (this.#hasExtra && values.wasSeen(this.#known.contextExtra)) values.mayRepeat = true;
    if (values.mayRepeat && values.errorCode === undefined) values.dropOverridden(base);
    if (values.errorCode !== undefined) {
      tape.itemCount = item;
      tape.leafCount = values.leafStart;
      return after;
    }
    tape.items[base + tapeOf.ITEM_END] = after;
    tape.items[base + tapeOf.ITEM_LEAF_END] = tape.leafCount;
    return after;
  }

  #field(base: number, item: number): void {
    const path = this.#values.key(ROOT_ENVELOPE);
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
        return this.#values.section(ROOT_PROPERTIES, 'properties', base);
      case KNOWN.traits:
        return this.#values.section(ROOT_TRAITS, 'traits', base);
      case KNOWN.context:
        return this.#values.section(ROOT_CONTEXT, 'context', base);
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
        return this.#kind.pageField(path);
      default:
        if (path <= KNOWN.lastDelivery) return this.#skip();
        // A field that the spec does not know is kept under context.extra.
        this.#hasExtra = true;
        this.#values.value(this.#names.moved(path, ROOT_ENVELOPE, this.#known.contextExtra), base, 2);
    }
  }

  #skip(): void {
    const cursor = this.#cursor;
    cursor.at = skipValue(cursor.bytes, cursor.view, cursor.at, cursor.end);
  }

  #type(base: number): void {
    const cursor = this.#cursor;
    if (cursor.read() !== TYPE_STRING) return this.#values.fail('unknown_type', 'type must be a string');
    const offset = cursor.at;
    cursor.at = offset + cursor.count;
    const kind = this.#known.kindOf(this.tape.bytes, offset, cursor.count);
    if (kind === 0) {
      return this.#values.fail('unknown_type', 'type must be one of track, identify, page, screen, group, alias');
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
      offset = this.#values.appendText(text);
      length = text.length;
    } else if (type === TYPE_STRING) {
      cursor.at = offset + length;
      if (length === 0) return;
    } else {
      return this.#values.fail(name === 'messageId' ? 'invalid_message_id' : 'invalid_id', `${name} must be a string`);
    }
    if (length > this.#limits.idSizeBytes) {
      return this.#values.fail('id_too_long', `${name} has ${length} bytes; the limit is ${this.#limits.idSizeBytes}`);
    }
    const hash = xxh32(tape.bytes, offset, length, this.#hashSeed);
    if (!wasAscii() && !isValidUtf8(tape.bytes, offset, length)) {
      return this.#values.fail('invalid_id', `${name} is not valid UTF-8`);
    }
    tape.setText(at, offset, length, hash);
  }

  #eventName(base: number): void {
    const cursor = this.#cursor;
    const type = cursor.read();
    if (type === TYPE_NIL) return;
    if (type !== TYPE_STRING) return this.#values.fail('missing_event', 'event must be a string');
    const offset = cursor.at;
    const length = cursor.count;
    cursor.at = offset + length;
    if (length > this.#limits.nameSizeBytes) {
      return this.#values.fail(
        'name_too_long',
        `the event name has ${length} bytes; the limit is ${this.#limits.nameSizeBytes}`,
      );
    }
    this.tape.setText(base + tapeOf.ITEM_EVENT, offset, length, xxh32(this.tape.bytes, offset, length, this.#hashSeed));
    if (!wasAscii() && !isValidUtf8(this.tape.bytes, offset, length)) {
      this.#values.fail('invalid_value', 'the event name is not valid UTF-8');
    }
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
      this.#values.fail(
        'invalid_timestamp',
        `${name} must be ISO 8601, such as 2026-01-31T12:00:00.000Z, or milliseconds`,
      );
    }
    return timeMs;
  }
}
