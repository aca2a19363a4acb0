/**
 * Message ids, append-only. A chunk of canonical UUIDs (what every SDK sends) takes 16 bytes an id; the first id of another
 * form turns its chunk into heap offsets. `text` gives back exactly what came in.
 */
import { ByteHeap, decodeUtf8 } from './byte-heap.ts';
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

const UUID_SIZE_BYTES = 16;
const UUID_TEXT_LENGTH = 36;
const FIRST_CAPACITY = 16;
/** Value of a hex digit by character code, 0xff for anything else. Upper case is left out: it would not come back as it came. */
const HEX = new Uint8Array(256).fill(0xff);
for (let i = 0; i < 16; i++) HEX['0123456789abcdef'.charCodeAt(i)] = i;
const HEX_DIGITS = '0123456789abcdef';

export class MessageIdColumn {
  readonly memory: SlabMemory;
  length = 0;
  readonly #heap: ByteHeap;
  readonly #pages: Page[] = [];
  readonly #uuids: (Uint8Array | undefined)[] = [];
  readonly #offsets: (Uint32Array | undefined)[] = [];
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
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    const isUuid = length === UUID_TEXT_LENGTH && parseUuid(bytes, offset, this.#scratch);
    this.#ensure(c, local, isUuid);
    const page = this.#pages[c];
    page.stamp = this.memory.epoch;
    const uuids = this.#uuids[c];
    if (uuids !== undefined) {
      const at = local * UUID_SIZE_BYTES;
      for (let i = 0; i < UUID_SIZE_BYTES; i++) uuids[at + i] = this.#scratch[i];
    } else {
      this.#offsets[c]![local] = this.#heap.append(bytes, offset, length);
    }
    this.length = index + 1;
  }

  #ensure(c: number, local: number, isUuid: boolean): void {
    if (c >= this.#pages.length) {
      const capacity = c === 0 ? FIRST_CAPACITY : CHUNK_ROWS;
      this.#set(c, this.memory.allocate(capacity * (isUuid ? UUID_SIZE_BYTES : 4)), isUuid);
      return;
    }
    const uuids = this.#uuids[c];
    const isUuidChunk = uuids !== undefined;
    const capacity = isUuidChunk ? uuids.length / UUID_SIZE_BYTES : this.#offsets[c]!.length;
    if (isUuidChunk && !isUuid) {
      this.#toOffsets(c, local, Math.max(capacity, local >= capacity ? capacity * 2 : capacity));
    } else if (local >= capacity) {
      const old = this.#pages[c];
      const page = this.memory.allocate(capacity * 2 * (isUuidChunk ? UUID_SIZE_BYTES : 4));
      this.memory.bytes(page).set(this.memory.bytes(old));
      this.memory.free(old);
      this.#set(c, page, isUuidChunk);
    }
  }

  #toOffsets(c: number, count: number, capacity: number): void {
    const uuids = this.#uuids[c]!;
    const old = this.#pages[c];
    const page = this.memory.allocate(capacity * 4);
    const view = new Uint32Array(this.memory.slabs[page.slabIndex], page.offset, page.sizeBytes >>> 2);
    for (let i = 0; i < count; i++) {
      printUuid(uuids, i * UUID_SIZE_BYTES, this.#textScratch, 0);
      view[i] = this.#heap.append(this.#textScratch, 0, UUID_TEXT_LENGTH);
    }
    this.memory.free(old);
    this.#set(c, page, false);
  }

  #set(c: number, page: Page, isUuid: boolean): void {
    this.#pages[c] = page;
    const slab = this.memory.slabs[page.slabIndex];
    this.#uuids[c] = isUuid ? new Uint8Array(slab, page.offset, page.sizeBytes) : undefined;
    this.#offsets[c] = isUuid ? undefined : new Uint32Array(slab, page.offset, page.sizeBytes >>> 2);
  }

  /** Appends the id at `from` once more. */
  pushCopy(from: number): void {
    const c = from >>> CHUNK_SHIFT;
    const local = from & CHUNK_MASK;
    const uuids = this.#uuids[c];
    if (uuids === undefined) {
      const heap = this.#heap;
      heap.locate(this.#offsets[c]![local]);
      return this.push(heap.block, heap.start, heap.size);
    }
    const index = this.length;
    const to = index >>> CHUNK_SHIFT;
    if (to < this.#uuids.length && this.#uuids[to] === undefined) {
      printUuid(uuids, local * UUID_SIZE_BYTES, this.#textScratch, 0);
      return this.push(this.#textScratch, 0, UUID_TEXT_LENGTH);
    }
    this.#ensure(to, index & CHUNK_MASK, true);
    this.#pages[to].stamp = this.memory.epoch;
    // The page may have moved just now; what the old one held is still there to be read.
    const target = this.#uuids[to]!;
    const at = (index & CHUNK_MASK) * UUID_SIZE_BYTES;
    for (let i = 0; i < UUID_SIZE_BYTES; i++) target[at + i] = uuids[local * UUID_SIZE_BYTES + i];
    this.length = index + 1;
  }

  text(index: number): string {
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    const uuids = this.#uuids[c];
    if (uuids === undefined) return this.#heap.text(this.#offsets[c]![local]);
    printUuid(uuids, local * UUID_SIZE_BYTES, this.#textScratch, 0);
    return decodeUtf8(this.#textScratch, 0, UUID_TEXT_LENGTH);
  }

  save(context: SaveContext): SavedState {
    return {
      length: this.length,
      heap: this.#heap.save(context),
      pages: context.list(this.#pages),
      uuid: this.#uuids.map((view) => view !== undefined),
    };
  }

  static load(context: LoadContext, state: SavedState): MessageIdColumn {
    const column = new MessageIdColumn(context.memory, ByteHeap.load(context, state['heap'] as SavedState));
    column.length = state['length'] as number;
    const uuid = state['uuid'] as boolean[];
    context.list(state['pages'] as number[]).forEach((page, c) => {
      column.#set(c, page!, uuid[c]);
    });
    return column;
  }
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
