/**
 * What the kind of a call implies: the fields that it must have, the name of the event where the sender gives none, and the properties that are
 * made of fields beside them. The kind may stand behind everything else in the item, so this comes when all of it was read.
 */
import { murmur32, xxh32 } from '../base/hash.ts';
import { GROUP_JOINED, PAGE_VIEWED, SCREEN_VIEWED } from '../model/call-event.ts';
import * as tapeOf from './event-tape.ts';
import { KNOWN, type KnownNames } from './known-name.ts';
import { TYPE_NIL, TYPE_STRING } from './msgpack.ts';
import type { ValueScanner } from './value-scanner.ts';

export class CallKind {
  readonly #values: ValueScanner;
  readonly #known: KnownNames;
  readonly #hashSeed: number;
  #nameOffset = -1;
  #nameLength = 0;
  #categoryOffset = -1;
  #categoryLength = 0;

  constructor(values: ValueScanner, known: KnownNames, hashSeed: number) {
    this.#values = values;
    this.#known = known;
    this.#hashSeed = hashSeed;
  }

  begin(): void {
    this.#nameOffset = -1;
    this.#categoryOffset = -1;
  }

  /** Top-level `name` and `category` of page and screen calls; kept until the kind is known. */
  pageField(path: number): void {
    const cursor = this.#values.cursor;
    const type = cursor.read();
    if (type === TYPE_NIL) return;
    if (type !== TYPE_STRING) return this.#values.fail('invalid_value', 'name and category must be strings');
    if (path === KNOWN.name) {
      this.#nameOffset = cursor.at;
      this.#nameLength = cursor.count;
    } else {
      this.#categoryOffset = cursor.at;
      this.#categoryLength = cursor.count;
    }
    cursor.at += cursor.count;
  }

  /** Checks that need the whole item, and the event names and properties that a kind implies. */
  finish(base: number): void {
    const tape = this.#values.tape;
    const items = tape.items;
    if (items[base + tapeOf.ITEM_USER + 1] < 0 && items[base + tapeOf.ITEM_ANONYMOUS + 1] < 0) {
      return this.#values.fail('missing_user', 'the event has neither userId nor anonymousId');
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
      if (!(items[base + tapeOf.ITEM_EVENT + 1] > 0))
        this.#values.fail('missing_event', 'a track call needs an event name');
      else this.#moveTraits();
    } else if (kind === tapeOf.KIND_PAGE || kind === tapeOf.KIND_SCREEN) {
      this.#finishPage(base, kind === tapeOf.KIND_PAGE ? PAGE_VIEWED : SCREEN_VIEWED);
    } else if (kind === tapeOf.KIND_GROUP) {
      this.#finishGroup(base);
    } else if (kind === tapeOf.KIND_ALIAS) {
      if (items[base + tapeOf.ITEM_PREVIOUS + 1] < 0)
        this.#values.fail('missing_previous_id', 'an alias call needs previousId');
      else if (items[base + tapeOf.ITEM_USER + 1] < 0) this.#values.fail('missing_user', 'an alias call needs userId');
      // The old id is from here on what an anonymous id is: another name of the user.
      else items.copyWithin(base + tapeOf.ITEM_ANONYMOUS, base + tapeOf.ITEM_PREVIOUS, base + tapeOf.ITEM_PREVIOUS + 3);
    } else if (kind === 0) {
      this.#values.fail('unknown_type', 'the event has no type: track, identify, page, screen, group or alias');
    }
  }

  /** Traits beside a track, page or screen call belong to the event's context, as the spec has it. */
  #moveTraits(): void {
    this.#values.moveTraits(this.#known.contextTraits);
  }

  #finishPage(base: number, event: string): void {
    const offset = this.#values.appendText(event);
    this.#setEvent(base, offset, event.length);
    this.#moveTraits();
    if (this.#nameOffset >= 0)
      this.#values.addUnlessThere(this.#known.propertyName, this.#nameOffset, this.#nameLength);
    if (this.#categoryOffset >= 0) {
      this.#values.addUnlessThere(this.#known.propertyCategory, this.#categoryOffset, this.#categoryLength);
    }
  }

  #finishGroup(base: number): void {
    const tape = this.#values.tape;
    const length = tape.items[base + tapeOf.ITEM_GROUP + 1];
    if (length < 0) return this.#values.fail('missing_group_id', 'a group call needs groupId');
    this.#setEvent(base, this.#values.appendText(GROUP_JOINED), GROUP_JOINED.length);
    this.#values.moveTraits(this.#known.propertyTraits);
    this.#values.addUnlessThere(this.#known.propertyGroupId, tape.items[base + tapeOf.ITEM_GROUP], length);
  }

  #setEvent(base: number, offset: number, length: number): void {
    const { tape } = this.#values;
    tape.setText(base + tapeOf.ITEM_EVENT, offset, length, xxh32(tape.bytes, offset, length, this.#hashSeed));
  }
}
