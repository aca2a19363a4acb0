/** A WebSocket frame as a client sends it, with a mask of zeros: allowed, and masking then changes nothing. */

const MASKED = 0x80;
const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;

export function clientFrame(payload: Uint8Array, isBinary: boolean): Buffer {
  const size = payload.length;
  const wide = size < 126 ? 0 : size < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + wide + 4 + size);
  frame[0] = isBinary ? FINAL_BINARY : FINAL_TEXT;
  frame[1] = MASKED | (wide === 0 ? size : wide === 2 ? 126 : 127);
  if (wide === 2) frame.writeUInt16BE(size, 2);
  if (wide === 8) frame.writeBigUInt64BE(BigInt(size), 2);
  frame.set(payload, 2 + wide + 4);
  return frame;
}
