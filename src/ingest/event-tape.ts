/**
 * The tape: what the scanner found in a batch, as integers in reused arrays. No object per event, no string per property. Offsets
 * point into `bytes`, which holds the batch as it came and, behind it, texts the scanner made (a number id as
 * text, a timestamp as ISO text, a generated message id).
 *
 * An item is ITEM_STRIDE ints; a leaf (one property, trait or context value) is LEAF_STRIDE ints and a number.
 */

/** Kinds of items. */
export const KIND_TRACK = 1;
export const KIND_IDENTIFY = 2;
export const KIND_PAGE = 3;
export const KIND_SCREEN = 4;
export const KIND_GROUP = 5;
export const KIND_ALIAS = 6;

// Fields of an item. A text is (offset, length, xxh32 with the process's seed); length −1 = absent.
export const ITEM_KIND = 0;
export const ITEM_START = 1;
export const ITEM_END = 2;
export const ITEM_USER = 3;
export const ITEM_ANONYMOUS = 6;
export const ITEM_EVENT = 9;
export const ITEM_MESSAGE_ID = 12;
export const ITEM_PREVIOUS = 15;
export const ITEM_GROUP = 18;
export const ITEM_LEAF_START = 21;
export const ITEM_LEAF_END = 22;
/** Leaf index of context.externalIds; −1 = none. */
export const ITEM_EXTERNAL_IDS = 23;
/** Hash of the message id together with the person's id: with the id's own, 64 bits for de-duplication. */
export const ITEM_MESSAGE_HASH = 24;
/** Position in the batch as the caller counts. */
export const ITEM_INDEX = 25;
export const ITEM_STRIDE = 26;

// Fields of a leaf.
export const LEAF_PATH = 0;
export const LEAF_TYPE = 1;
export const LEAF_OFFSET = 2;
export const LEAF_LENGTH = 3;
export const LEAF_HASH = 4;
export const LEAF_STRIDE = 5;

/** Types of leaves. ARRAY keeps the msgpack bytes of the whole array; EMPTY is an object with nothing in it. */
export const LEAF_STRING = 1;
export const LEAF_NUMBER = 2;
export const LEAF_TRUE = 3;
export const LEAF_FALSE = 4;
export const LEAF_NULL = 5;
export const LEAF_ARRAY = 6;
export const LEAF_EMPTY = 7;

export class EventTape {
  bytes: Uint8Array = new Uint8Array(64 * 1024);
  view = new DataView(this.bytes.buffer);
  /** End of the batch's own bytes and of the texts made behind it. */
  length = 0;
  itemCount = 0;
  items = new Int32Array(256 * ITEM_STRIDE);
  /** Event time of each item, ms since the epoch; NaN = the item gave none. */
  times = new Float64Array(256);
  /** The item's `originalTimestamp`, NaN = none. */
  originalTimes = new Float64Array(256);
  /** The item's own `sentAt`, NaN = none. */
  sentAts = new Float64Array(256);
  leafCount = 0;
  leaves = new Int32Array(4_096 * LEAF_STRIDE);
  numbers = new Float64Array(4_096);

  reset(): void {
    this.length = 0;
    this.itemCount = 0;
    this.leafCount = 0;
  }

  /** Copies bytes to the end and gives where they start. */
  append(source: Uint8Array): number {
    const at = this.length;
    this.reserve(source.length);
    this.bytes.set(source, at);
    this.length = at + source.length;
    return at;
  }

  reserve(extra: number): void {
    if (this.length + extra <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < this.length + extra) capacity *= 2;
    const larger = new Uint8Array(capacity);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }

  /** Notes a text as the field at `at` of the items. */
  setText(at: number, offset: number, length: number, hash: number): void {
    this.items[at] = offset;
    this.items[at + 1] = length;
    this.items[at + 2] = hash;
  }

  /** Appends ASCII text. */
  appendText(text: string): number {
    const at = this.length;
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    this.length = at + text.length;
    return at;
  }

  addItem(): number {
    const item = this.itemCount;
    if ((item + 1) * ITEM_STRIDE > this.items.length) {
      const items = new Int32Array(this.items.length * 2);
      items.set(this.items);
      this.items = items;
      const times = new Float64Array(this.times.length * 2);
      times.set(this.times);
      this.times = times;
      const originalTimes = new Float64Array(this.originalTimes.length * 2);
      originalTimes.set(this.originalTimes);
      this.originalTimes = originalTimes;
      const sentAts = new Float64Array(this.sentAts.length * 2);
      sentAts.set(this.sentAts);
      this.sentAts = sentAts;
    }
    this.itemCount = item + 1;
    this.items.fill(-1, item * ITEM_STRIDE, (item + 1) * ITEM_STRIDE);
    this.times[item] = Number.NaN;
    this.originalTimes[item] = Number.NaN;
    this.sentAts[item] = Number.NaN;
    return item;
  }

  addLeaf(path: number, type: number, offset: number, length: number, hash: number, number: number): void {
    const leaf = this.leafCount;
    if ((leaf + 1) * LEAF_STRIDE > this.leaves.length) this.#growLeaves();
    const at = leaf * LEAF_STRIDE;
    this.leaves[at] = path;
    this.leaves[at + 1] = type;
    this.leaves[at + 2] = offset;
    this.leaves[at + 3] = length;
    this.leaves[at + 4] = hash;
    this.numbers[leaf] = number;
    this.leafCount = leaf + 1;
  }

  #growLeaves(): void {
    const leaves = new Int32Array(this.leaves.length * 2);
    leaves.set(this.leaves);
    this.leaves = leaves;
    const numbers = new Float64Array(this.numbers.length * 2);
    numbers.set(this.numbers);
    this.numbers = numbers;
  }
}
