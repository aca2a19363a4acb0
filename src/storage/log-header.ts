/**
 * The log's own record under key 0, which no seq takes: `[format:u32][0:u32][firstSeq:f64]`, little endian.
 * `firstSeq` is the floor that truncation has reached; it is written in the transaction that removes the records, so
 * that `firstSeq + count - 1 = lastSeq` holds after any crash, and an emptied log still knows how far it had come.
 */
export const LOG_HEADER_KEY = 0;
const LOG_FORMAT = 1;
const HEADER_SIZE_BYTES = 16;

export function encodeLogHeader(firstSeq: number): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE_BYTES);
  bytes.writeUInt32LE(LOG_FORMAT, 0);
  bytes.writeDoubleLE(firstSeq, 8);
  return bytes;
}

/** The first seq, or undefined when this version cannot read the log. */
export function decodeLogHeader(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength !== HEADER_SIZE_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0, true) === LOG_FORMAT ? view.getFloat64(8, true) : undefined;
}
