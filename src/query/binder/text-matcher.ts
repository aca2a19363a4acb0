/**
 * Text tests over UTF-8 bytes where they lie in a dictionary: no string is made except for regular expressions. A literal that
 * is not well-formed UTF-16 (half a surrogate pair) has no UTF-8 form and is looked for in the decoded text.
 */
import { unreachable } from '../../base/assert.ts';
import { parseIsoDateBytesMs } from '../../base/iso-date.ts';
import { decodeUtf8 } from '../../memory/byte-heap.ts';
import { compileLinearRegExp } from '../../runtime/linear-regexp.ts';
import type { TextBound, TextTest } from './value-test.ts';

export type TextMatcher = (bytes: Uint8Array, start: number, size: number) => boolean;

export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

export function compileTextTest(test: TextTest): TextMatcher {
  switch (test.kind) {
    case 'any':
      return () => true;
    case 'equal':
      return anyOf(test.texts.filter(isWellFormed).map((text) => Buffer.from(text)));
    case 'date': {
      const { minMs, maxMs } = test;
      return (bytes, start, size) => {
        const ms = parseIsoDateBytesMs(bytes, start, size);
        return ms >= minMs && ms <= maxMs;
      };
    }
    case 'order':
      return ordered(test.min, test.max);
    case 'contains':
    case 'starts':
    case 'ends':
      return isWellFormed(test.text) ? substring(test.kind, Buffer.from(test.text)) : inDecoded(test.kind, test.text);
    case 'matches': {
      const expression = compileLinearRegExp(test.pattern);
      return (bytes, start, size) => expression.test(decodeUtf8(bytes, start, size));
    }
    default:
      return unreachable(test);
  }
}

function isEqual(bytes: Uint8Array, start: number, literal: Uint8Array): boolean {
  for (let i = 0; i < literal.length; i++) if (bytes[start + i] !== literal[i]) return false;
  return true;
}

function anyOf(literals: readonly Uint8Array[]): TextMatcher {
  const bySize = new Map<number, Uint8Array[]>();
  for (const literal of literals) bySize.set(literal.length, [...(bySize.get(literal.length) ?? []), literal]);
  return (bytes, start, size) => {
    const same = bySize.get(size);
    if (same === undefined) return false;
    for (const literal of same) if (isEqual(bytes, start, literal)) return true;
    return false;
  };
}

function substring(kind: 'contains' | 'starts' | 'ends', literal: Uint8Array): TextMatcher {
  const length = literal.length;
  if (kind === 'starts') return (bytes, start, size) => size >= length && isEqual(bytes, start, literal);
  if (kind === 'ends') return (bytes, start, size) => size >= length && isEqual(bytes, start + size - length, literal);
  const first = literal[0];
  return (bytes, start, size) => {
    if (length === 0) return true;
    const last = start + size - length;
    for (let at = start; at <= last; at++) if (bytes[at] === first && isEqual(bytes, at, literal)) return true;
    return false;
  };
}

function inDecoded(kind: 'contains' | 'starts' | 'ends', literal: string): TextMatcher {
  return (bytes, start, size) => {
    const text = decodeUtf8(bytes, start, size);
    if (kind === 'starts') return text.startsWith(literal);
    return kind === 'ends' ? text.endsWith(literal) : text.includes(literal);
  };
}

function ordered(min: TextBound | undefined, max: TextBound | undefined): TextMatcher {
  const low = min === undefined ? undefined : Buffer.from(min.text);
  const high = max === undefined ? undefined : Buffer.from(max.text);
  return (bytes, start, size) => {
    if (low !== undefined) {
      const order = compareBytes(bytes, start, size, low);
      if (order < 0 || (order === 0 && !min?.isIncluded)) return false;
    }
    if (high !== undefined) {
      const order = compareBytes(bytes, start, size, high);
      if (order > 0 || (order === 0 && !max?.isIncluded)) return false;
    }
    return true;
  };
}

function compareBytes(bytes: Uint8Array, start: number, size: number, literal: Uint8Array): number {
  const shared = Math.min(size, literal.length);
  for (let i = 0; i < shared; i++) {
    const difference = bytes[start + i] - literal[i];
    if (difference !== 0) return difference;
  }
  return size - literal.length;
}
