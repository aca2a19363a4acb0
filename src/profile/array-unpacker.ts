/** From the kept form of an array back to the msgpack bytes that came: for the dictionary itself, and for images of it on other threads. */

/** Where bytes lie; changed to where the array lies when it is unpacked. */
export interface LocatedBytes {
  block: Uint8Array;
  start: number;
  size: number;
}
export interface ElementTexts {
  readonly heap: Readonly<LocatedBytes>;
  /** Points `heap` at the element's msgpack. */
  locate(code: number): void;
}

export const FORM_RAW = 0;
export const FORM_ELEMENTS = 1;

export class ArrayUnpacker {
  #buffer = new Uint8Array(256);

  /** Points `heap`, which is at the kept form, at the bytes as they came; good until the next call. */
  unpack(heap: LocatedBytes, elements: ElementTexts): void {
    const { block, start, size } = heap;
    if (block[start] === FORM_RAW) {
      heap.start = start + 1;
      heap.size = size - 1;
      return;
    }
    const end = start + size;
    let at = start + 1;
    let length = 0;
    for (const headerEnd = at + headerSize(block[at]); at < headerEnd; ) this.#buffer[length++] = block[at++];
    while (at < end) {
      let code = block[at++];
      if (code >= 0x80) code = (code & 0x7f) | (block[at++] << 7);
      elements.locate(code);
      const element = elements.heap;
      if (length + element.size > this.#buffer.length) {
        const larger = new Uint8Array(2 * (length + element.size));
        larger.set(this.#buffer);
        this.#buffer = larger;
      }
      const buffer = this.#buffer;
      for (let i = 0; i < element.size; i++) buffer[length++] = element.block[element.start + i];
    }
    heap.block = this.#buffer;
    heap.start = 0;
    heap.size = length;
  }
}

/** Bytes of an array's header, 0 when it is something else. */
export function headerSize(first: number): number {
  if (first >= 0x90 && first <= 0x9f) return 1;
  return first === 0xdc ? 3 : first === 0xdd ? 5 : 0;
}
