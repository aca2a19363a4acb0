/** The ids that every generated item carries, made from numbers: the same number gives the same text everywhere. */
import { deriveKey, mix } from './random.ts';

const HEX = Array.from({ length: 65_536 }, (_, word) => word.toString(16).padStart(4, '0'));

/** `user-0000042`: fixed width up to ten million, so that text order is number order. */
export function userIdText(userIndex: number): string {
  return `user-${String(userIndex).padStart(7, '0')}`;
}

/** A version 4 UUID in form, unique per (userIndex, eventIndex) under one key: both numbers sit in it through
 * bijections (the first and the last 32 bits), the rest is filled with hash bits as a real one would be. */
export function messageIdText(key: number, userIndex: number, eventIndex: number): string {
  const first = mix(userIndex ^ key);
  const last = mix(eventIndex ^ deriveKey(key, first));
  const filler = deriveKey(first, last);
  const tail = mix(filler ^ last);
  return `${HEX[first >>> 16]}${HEX[first & 0xffff]}-${HEX[filler >>> 16]}-${HEX[0x4000 | (filler & 0x0fff)]}-${
    HEX[0x8000 | (tail & 0x3fff)]
  }-${HEX[tail >>> 16]}${HEX[last >>> 16]}${HEX[last & 0xffff]}`;
}
