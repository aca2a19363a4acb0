/** xxHash of 32 bits as its specification describes it, in plain big integers: a third implementation beside the engine's and the naive model's. */
const [P1, P2, P3, P4, P5] = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n];
const MASK = 0xffffffffn;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (32n - bits))) & MASK;
}

function word(bytes: Uint8Array, at: number): bigint {
  return BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true));
}

/** Seed 0. */
function xxh32(bytes: Uint8Array): number {
  let at = 0;
  let hash = P5;
  if (bytes.length >= 16) {
    const lanes = [P1 + P2, P2, 0n, -P1].map((lane) => lane & MASK);
    for (; at + 16 <= bytes.length; at += 16) {
      for (const i of [0, 1, 2, 3])
        lanes[i] = (rotate((lanes[i] + word(bytes, at + 4 * i) * P2) & MASK, 13n) * P1) & MASK;
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotate(lanes[i], bits), 0n);
  }
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 4 <= bytes.length; at += 4) hash = (rotate((hash + word(bytes, at) * P3) & MASK, 17n) * P4) & MASK;
  for (; at < bytes.length; at++) hash = (rotate((hash + BigInt(bytes[at]) * P5) & MASK, 11n) * P1) & MASK;
  hash = ((hash ^ (hash >> 15n)) * P2) & MASK;
  hash = ((hash ^ (hash >> 13n)) * P3) & MASK;
  return Number(hash ^ (hash >> 16n));
}

export function bucketOf(salt: string, id: string): number {
  return xxh32(new TextEncoder().encode(`${salt}:${id}`)) / 2 ** 32;
}
