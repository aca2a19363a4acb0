/**
 * Byte hashing. `xxh32` is the published xxHash-32 (Collet; checked against xxhash-wasm in tests): the slot of a key is part of
 * the data format, so it must be a function that others can repeat. It runs in place over a buffer: no copy into a
 * WebAssembly memory, which costs more than the hash of a short key.
 */
const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;
const P5 = 0x165667b1 | 0;

/**
 * All bytes of the last `xxh32` or-ed together, folded: bit 7 of any of its four bytes tells that the text was not ASCII. A by-product,
 * so that the scanner need not read a text twice.
 */
let seenBits = 0;

/** Whether the bytes that `xxh32` hashed last were all ASCII. */
export function wasAscii(): boolean {
  return (seenBits & 0x8080_8080) === 0;
}

/** Hash of `length` bytes from `offset`, as an unsigned 32-bit number. Cost: about 1 ns per byte, no allocation. */
export function xxh32(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  let h: number;
  let seen = 0;
  let p = offset;
  const end = offset + length;
  if (length >= 16) {
    let a = (seed + P1 + P2) | 0;
    let b = (seed + P2) | 0;
    let c = seed | 0;
    let d = (seed - P1) | 0;
    const limit = end - 16;
    do {
      const w0 = bytes[p] | (bytes[p + 1] << 8) | (bytes[p + 2] << 16) | (bytes[p + 3] << 24);
      const w1 = bytes[p + 4] | (bytes[p + 5] << 8) | (bytes[p + 6] << 16) | (bytes[p + 7] << 24);
      const w2 = bytes[p + 8] | (bytes[p + 9] << 8) | (bytes[p + 10] << 16) | (bytes[p + 11] << 24);
      const w3 = bytes[p + 12] | (bytes[p + 13] << 8) | (bytes[p + 14] << 16) | (bytes[p + 15] << 24);
      a = round(a, w0);
      b = round(b, w1);
      c = round(c, w2);
      d = round(d, w3);
      seen |= w0 | w1 | w2 | w3;
      p += 16;
    } while (p <= limit);
    h = (((a << 1) | (a >>> 31)) + ((b << 7) | (b >>> 25)) + ((c << 12) | (c >>> 20)) + ((d << 18) | (d >>> 14))) | 0;
  } else {
    h = (seed + P5) | 0;
  }
  h = (h + length) | 0;
  while (p + 4 <= end) {
    const word = bytes[p] | (bytes[p + 1] << 8) | (bytes[p + 2] << 16) | (bytes[p + 3] << 24);
    seen |= word;
    h = (h + Math.imul(word, P3)) | 0;
    h = Math.imul((h << 17) | (h >>> 15), P4);
    p += 4;
  }
  while (p < end) {
    seen |= bytes[p];
    h = (h + Math.imul(bytes[p], P5)) | 0;
    h = Math.imul((h << 11) | (h >>> 21), P1);
    p += 1;
  }
  seenBits = seen;
  h = Math.imul(h ^ (h >>> 15), P2);
  h = Math.imul(h ^ (h >>> 13), P3);
  return (h ^ (h >>> 16)) >>> 0;
}

function round(acc: number, input: number): number {
  const mixed = (acc + Math.imul(input, P2)) | 0;
  return Math.imul((mixed << 13) | (mixed >>> 19), P1);
}

/** The 32-bit finalizer of MurmurHash3 (Appleby): a bijection, so equal outputs mean equal inputs. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** What `mix32` gave that for. */
export function unmix32(mixed: number): number {
  // A xor with oneself shifted right is undone from the top bits down; the factors are the inverses of those above, modulo 2^32.
  let h = Math.imul(mixed ^ (mixed >>> 16), 0x7ed1b41d);
  h = Math.imul(h ^ (h >>> 13) ^ (h >>> 26), 0xa5cb9243);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * MurmurHash3_x86_32 (Appleby). The second half of a 64-bit fingerprint: xxh32 under another seed will not do, because
 * texts that differ in a few digits and collide under one seed tend to collide under all (seen: 2 pairs in 500,000 UUIDs).
 */
export function murmur32(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  let h = seed | 0;
  let p = offset;
  const end = offset + length;
  while (p + 4 <= end) {
    let k = Math.imul(bytes[p] | (bytes[p + 1] << 8) | (bytes[p + 2] << 16) | (bytes[p + 3] << 24), 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
    p += 4;
  }
  let rest = 0;
  for (let shift = 0; p < end; p++, shift += 8) rest |= bytes[p] << shift;
  if (rest !== 0) {
    rest = Math.imul(rest, 0xcc9e2d51);
    h ^= Math.imul((rest << 15) | (rest >>> 17), 0x1b873593);
  }
  return mix32(h ^ length);
}
