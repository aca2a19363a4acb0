/** Undoes `Content-Encoding`, never past the body limit: a small body may claim gigabytes (zip bomb). */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { EngineError } from '../../model/error.ts';
import { tooLarge } from './body.ts';

const DECODERS: ReadonlyMap<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>> =
  new Map([
    ['gzip', promisify(gunzip) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>],
    ['x-gzip', promisify(gunzip) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>],
    ['deflate', promisify(inflate) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>],
    ['br', promisify(brotliDecompress) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>],
  ]);

/** Throws unsupported_encoding when the header names something else; call before the body is read. */
export function checkEncoding(encoding: string): void {
  if (isPlain(encoding) || DECODERS.has(encoding.trim().toLowerCase())) return;
  throw new EngineError('unsupported_encoding', 'Content-Encoding must be gzip, deflate, br or absent');
}

export function isPlain(encoding: string): boolean {
  return encoding === '' || encoding.trim().toLowerCase() === 'identity';
}

export async function decodeContent(bytes: Buffer, encoding: string, limitBytes: number): Promise<Buffer> {
  const decode = DECODERS.get(encoding.trim().toLowerCase());
  if (decode === undefined) return bytes;
  try {
    return await decode(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limitBytes);
    throw new EngineError('malformed_gzip', `the body is not whole, valid ${encoding.trim().toLowerCase()} data`, {
      cause,
    });
  }
}
