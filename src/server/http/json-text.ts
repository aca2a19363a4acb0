/** Bytes to JSON values, with the place of the mistake and never a quotation of the input in the error. */
import { isUtf8 } from 'node:buffer';
import { hasLongDigits, parseWithWideIntegers } from '../../base/exact-json.ts';
import { EngineError } from '../../model/error.ts';
import { findJsonFault } from './json-fault.ts';

const BYTE_ORDER_MARK = 0xfeff;

export function parseJsonBytes(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new EngineError('malformed_json', 'the body is not valid UTF-8');
  return parseJsonText(textOf(bytes));
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** The value that `parseJsonBytes` made of the bytes, with bigints for integers that it rounded: what is stored must not be another number. */
export function withWideIntegers(bytes: Uint8Array, value: unknown): unknown {
  return hasLongDigits(bytes) ? (parseWithWideIntegers(textOf(bytes)) ?? value) : value;
}

function parseJsonText(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    const fault = findJsonFault(json) ?? { position: 0, expected: 'JSON' };
    throw new EngineError(
      'malformed_json',
      `not valid JSON at position ${fault.position}: expected ${fault.expected}`,
      {
        span: { start: fault.position, end: Math.min(fault.position + 1, json.length) },
      },
    );
  }
}

/** An object as callers write it: not null, not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
