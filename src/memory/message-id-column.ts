/**
 * Message ids, append-only. A chunk of canonical UUIDs of one version and variant (what every SDK sends) takes 15.25 bytes an id, since
 * six of the 128 bits are the same in all; UUIDs of several versions take 16, and the first id of another form turns its chunk
 * into heap offsets. `text` gives back exactly what came in.
 */
import { ByteHeap, decodeUtf8 } from './byte-heap.ts';
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

const UUID_SIZE_BYTES = 16;
const UUID_TEXT_LENGTH = 36;
const FIRST_CAPACITY = 16;

/** Forms of a chunk: heap offsets; whole UUIDs; UUIDs without the bits of their mark. */
const OFFSETS = 0;
const WHOLE = 1;
const PACKED = 2;

/**
 * Four packed ids lie in 61 bytes: 15 of each, then two bits of each in one more. The mark of an id is its version (upper half of byte
 * 6) and variant (upper two bits of byte 8); the lower half of byte 8, left over from where byte 6 took the rest of it, is in the two bits.
 */
const GROUP_SHIFT = 2;
const GROUP_IDS = 1 << GROUP_SHIFT;
const GROUP_MASK = GROUP_IDS - 1;
const PACKED_SIZE_BYTES = 15;
const GROUP_SIZE_BYTES = GROUP_IDS * PACKED_SIZE_BYTES + 1;
const VERSION_BYTE = 6;
const VARIANT_BYTE = 8;

/** Value of a hex digit by character code, 0xff for anything else. Upper case is left out: it would not come back as it came. */
const HEX = new Uint8Array(256).fill(0xff);
for (let i = 0; i < 16; i++) HEX['0123456789abcdef'.charCodeAt(i)] = i;
const HEX_DIGITS = '0123456789abcdef';

export class MessageIdColumn {
  readonly memory: SlabMemory;
  length = 0;
  readonly #heap: ByteHeap;
  readonly #pages: Page[] = [];
  readonly #forms: number[] = [];
  /** Mark of all ids of a packed chunk. */
  readonly #marks: number[] = [];
  /** Of packed and whole chunks. */
  readonly #uuids: (Uint8Array | undefined)[] = [];
  readonly #offsets: (Uint32Array | undefined)[] = [];
  /** Of the first chunk; the others are whole. */
  #firstCapacity = 0;
  readonly #scratch = new Uint8Array(UUID_SIZE_BYTES);
  readonly #textScratch = new Uint8Array(UUID_TEXT_LENGTH);

  constructor(memory: SlabMemory, heap = new ByteHeap(memory)) {
    this.memory = memory;
    this.#heap = heap;
  }

  get usedBytes(): number {
    let bytes = this.#heap.usedBytes;
    for (const page of this.#pages) bytes += page.sizeBytes;
    return bytes;
  }

  push(bytes: Uint8Array, offset: number, length: number): void {
    const isUuid = length === UUID_TEXT_LENGTH && parseUuid(bytes, offset, this.#scratch);
    if (isUuid) {
      this.#pushScratch();
      return;
    }
    const c = this.length >>> CHUNK_SHIFT;
    const local = this.length & CHUNK_MASK;
    if (c >= this.#pages.length) this.#open(c, OFFSETS, 0);
    else if (this.#forms[c] !== OFFSETS) this.#toOffsets(c, local);
    this.#makeRoom(c, local);
    this.#pages[c].stamp = this.memory.epoch;
    this.#offsets[c]![local] = this.#heap.append(bytes, offset, length);
    this.length += 1;
  }

  /** Appends the UUID in `#scratch`. */
  #pushScratch(): void {
    const c = this.length >>> CHUNK_SHIFT;
    const local = this.length & CHUNK_MASK;
    const mark = markOf(this.#scratch);
    if (c >= this.#pages.length) this.#open(c, PACKED, mark);
    else if (this.#forms[c] === PACKED && this.#marks[c] !== mark) this.#toWhole(c, local);
    this.#makeRoom(c, local);
    this.#pages[c].stamp = this.memory.epoch;
    const form = this.#forms[c];
    if (form === PACKED) {
      pack(this.#scratch, this.#uuids[c]!, local);
    } else if (form === WHOLE) {
      this.#uuids[c]!.set(this.#scratch, local * UUID_SIZE_BYTES);
    } else {
      printUuid(this.#scratch, 0, this.#textScratch, 0);
      this.#offsets[c]![local] = this.#heap.append(this.#textScratch, 0, UUID_TEXT_LENGTH);
    }
    this.length += 1;
  }

  #open(c: number, form: number, mark: number): void {
    this.#set(c, this.memory.allocate(sizeOf(form, c === 0 ? FIRST_CAPACITY : CHUNK_ROWS)), form, mark);
  }

  /** Only the first chunk ever lacks room. */
  #makeRoom(c: number, local: number): void {
    if (c > 0 || local < this.#firstCapacity) return;
    const form = this.#forms[c];
    const old = this.#pages[c];
    const page = this.memory.allocate(sizeOf(form, 2 * capacityOf(form, old)));
    this.memory.bytes(page).set(this.memory.bytes(old));
    this.memory.free(old);
    this.#set(c, page, form, this.#marks[c]);
  }

  #toWhole(c: number, count: number): void {
    const packed = this.#uuids[c]!;
    const old = this.#pages[c];
    const mark = this.#marks[c];
    const page = this.memory.allocate(sizeOf(WHOLE, capacityOf(PACKED, old)));
    this.#set(c, page, WHOLE, 0);
    const whole = this.#uuids[c]!;
    for (let i = 0; i < count; i++) unpack(packed, i, mark, whole, i * UUID_SIZE_BYTES);
    this.memory.free(old);
  }

  #toOffsets(c: number, count: number): void {
    const old = this.#pages[c];
    const form = this.#forms[c];
    const page = this.memory.allocate(sizeOf(OFFSETS, capacityOf(form, old)));
    const view = new Uint32Array(this.memory.slabs[page.slabIndex], page.offset, page.sizeBytes >>> 2);
    for (let i = 0; i < count; i++) {
      this.#read(c, i);
      printUuid(this.#scratch, 0, this.#textScratch, 0);
      view[i] = this.#heap.append(this.#textScratch, 0, UUID_TEXT_LENGTH);
    }
    this.memory.free(old);
    this.#set(c, page, OFFSETS, 0);
  }

  #set(c: number, page: Page, form: number, mark: number): void {
    this.#pages[c] = page;
    this.#forms[c] = form;
    this.#marks[c] = mark;
    if (c === 0) this.#firstCapacity = capacityOf(form, page);
    const slab = this.memory.slabs[page.slabIndex];
    this.#uuids[c] = form === OFFSETS ? undefined : new Uint8Array(slab, page.offset, page.sizeBytes);
    this.#offsets[c] = form === OFFSETS ? new Uint32Array(slab, page.offset, page.sizeBytes >>> 2) : undefined;
  }

  /** Appends the id at `from` once more. */
  pushCopy(from: number): void {
    const c = from >>> CHUNK_SHIFT;
    const local = from & CHUNK_MASK;
    if (this.#forms[c] === OFFSETS) {
      const heap = this.#heap;
      heap.locate(this.#offsets[c]![local]);
      this.push(heap.block, heap.start, heap.size);
    } else {
      this.#read(c, local);
      this.#pushScratch();
    }
  }

  /** Puts a UUID into `#scratch`. */
  #read(c: number, local: number): void {
    const uuids = this.#uuids[c]!;
    if (this.#forms[c] === PACKED) {
      unpack(uuids, local, this.#marks[c], this.#scratch, 0);
      return;
    }
    const at = local * UUID_SIZE_BYTES;
    for (let i = 0; i < UUID_SIZE_BYTES; i++) this.#scratch[i] = uuids[at + i];
  }

  text(index: number): string {
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (this.#forms[c] === OFFSETS) return this.#heap.text(this.#offsets[c]![local]);
    this.#read(c, local);
    printUuid(this.#scratch, 0, this.#textScratch, 0);
    return decodeUtf8(this.#textScratch, 0, UUID_TEXT_LENGTH);
  }

  save(context: SaveContext): SavedState {
    return {
      length: this.length,
      heap: this.#heap.save(context),
      pages: context.list(this.#pages),
      forms: [...this.#forms],
      marks: [...this.#marks],
    };
  }

  static load(context: LoadContext, state: SavedState): MessageIdColumn {
    const column = new MessageIdColumn(context.memory, ByteHeap.load(context, state['heap'] as SavedState));
    column.length = state['length'] as number;
    // Older checkpoints have no packed chunks.
    const once = state['uuid'] as boolean[] | undefined;
    const forms = once?.map((isUuid) => (isUuid ? WHOLE : OFFSETS)) ?? (state['forms'] as number[]);
    const marks = (state['marks'] as number[] | undefined) ?? forms.map(() => 0);
    context.list(state['pages'] as number[]).forEach((page, c) => {
      column.#set(c, page!, forms[c], marks[c]);
    });
    return column;
  }
}

function sizeOf(form: number, capacity: number): number {
  if (form === PACKED) return (capacity >>> GROUP_SHIFT) * GROUP_SIZE_BYTES;
  return capacity * (form === WHOLE ? UUID_SIZE_BYTES : 4);
}

/** A power of two; a page of packed ids may be larger than what they need. */
function capacityOf(form: number, { sizeBytes }: Page): number {
  if (form === WHOLE) return sizeBytes / UUID_SIZE_BYTES;
  if (form === OFFSETS) return sizeBytes >>> 2;
  const groups = Math.floor(sizeBytes / GROUP_SIZE_BYTES);
  return GROUP_IDS << (31 - Math.clz32(groups));
}

function markOf(uuid: Uint8Array): number {
  return ((uuid[VERSION_BYTE] >>> 4) << 2) | (uuid[VARIANT_BYTE] >>> 6);
}

function pack(uuid: Uint8Array, into: Uint8Array, local: number): void {
  const group = (local >>> GROUP_SHIFT) * GROUP_SIZE_BYTES;
  const at = group + (local & GROUP_MASK) * PACKED_SIZE_BYTES;
  const last = uuid[VARIANT_BYTE];
  for (let i = 0; i < VERSION_BYTE; i++) into[at + i] = uuid[i];
  into[at + VERSION_BYTE] = ((uuid[VERSION_BYTE] & 15) << 4) | (last & 15);
  into[at + 7] = uuid[7];
  for (let i = 9; i < UUID_SIZE_BYTES; i++) into[at + i - 1] = uuid[i];
  // A page that comes from a checkpoint may hold what was appended after its instant.
  const shift = 2 * (local & GROUP_MASK);
  const shared = group + GROUP_SIZE_BYTES - 1;
  into[shared] = (into[shared] & ~(3 << shift)) | (((last >>> 4) & 3) << shift);
}

function unpack(from: Uint8Array, local: number, mark: number, into: Uint8Array, offset: number): void {
  const group = (local >>> GROUP_SHIFT) * GROUP_SIZE_BYTES;
  const at = group + (local & GROUP_MASK) * PACKED_SIZE_BYTES;
  const mixed = from[at + VERSION_BYTE];
  const rest = (from[group + GROUP_SIZE_BYTES - 1] >>> (2 * (local & GROUP_MASK))) & 3;
  for (let i = 0; i < VERSION_BYTE; i++) into[offset + i] = from[at + i];
  into[offset + VERSION_BYTE] = ((mark >>> 2) << 4) | (mixed >>> 4);
  into[offset + 7] = from[at + 7];
  into[offset + VARIANT_BYTE] = ((mark & 3) << 6) | (rest << 4) | (mixed & 15);
  for (let i = 9; i < UUID_SIZE_BYTES; i++) into[offset + i] = from[at + i - 1];
}

/** Parses canonical lower-case text (8-4-4-4-12) into 16 bytes; false when it is anything else. */
function parseUuid(bytes: Uint8Array, offset: number, into: Uint8Array): boolean {
  let at = offset;
  for (let i = 0; i < UUID_SIZE_BYTES; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) {
      if (bytes[at++] !== 0x2d) return false;
    }
    const high = HEX[bytes[at++]];
    const low = HEX[bytes[at++]];
    if ((high | low) > 15) return false;
    into[i] = (high << 4) | low;
  }
  return true;
}

function printUuid(uuids: Uint8Array, at: number, into: Uint8Array, offset: number): void {
  let p = offset;
  for (let i = 0; i < UUID_SIZE_BYTES; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) into[p++] = 0x2d;
    const byte = uuids[at + i];
    into[p++] = HEX_DIGITS.charCodeAt(byte >>> 4);
    into[p++] = HEX_DIGITS.charCodeAt(byte & 15);
  }
}
