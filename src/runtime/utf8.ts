/** Texts and their UTF-8 bytes, where Node's own functions are native calls that short texts can do without. */
import { isUtf8 } from 'node:buffer';

/** Texts up to this are written in a loop: cheaper than the call of a native function. */
const LOOP_LENGTH_MAX = 48;

/** Through Node's native check; the scanner calls it only for text that is not ASCII. */
export function isValidUtf8(bytes: Uint8Array, offset: number, length: number): boolean {
  return isUtf8(bytes.subarray(offset, offset + length));
}

/** Writes the text at `start`, where there is room for three bytes a character; gives how many bytes it took. */
export function writeUtf8(text: string, bytes: Buffer, start: number): number {
  const { length } = text;
  if (length > LOOP_LENGTH_MAX) return bytes.write(text, start);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return bytes.write(text, start);
    bytes[start + i] = code;
  }
  return length;
}
