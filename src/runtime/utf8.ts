/** UTF-8 validity through Node's native check; the scanner calls it only for text that is not ASCII. */
import { isUtf8 } from 'node:buffer';

export function isValidUtf8(bytes: Uint8Array, offset: number, length: number): boolean {
  return isUtf8(bytes.subarray(offset, offset + length));
}
