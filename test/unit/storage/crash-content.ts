/** Contents that tell which record or page they belong to, so that a reader can say whether they are whole. */
const SIZES = [10, 300, 5_000, 15_000, 70_000];

export function recordOf(seq: number): Buffer {
  const bytes = Buffer.alloc(SIZES[seq % SIZES.length] ?? 10, seq % 251);
  bytes.writeUInt32LE(seq, 0);
  return bytes;
}

export function pageOf(seq: number, index: number): Buffer {
  const bytes = Buffer.alloc(1_024 + ((seq * 7 + index * 131) % 64) * 4_096, (seq + index) % 251);
  bytes.writeUInt32LE(seq, 0);
  return bytes;
}
