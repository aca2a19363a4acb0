/**
 * Who may do what. Keys are random and long, so they are compared as they are, in constant time: the presented text is
 * compared with the whole of every key, with no early exit, so the time tells nothing about how near a guess came.
 * Every lookup pays for this (bench: lookup-http), so it is done four bytes at a time, some 0.1 µs for three keys.
 */
import { EngineError } from '../../model/error.ts';

/** Rights as bits, so that the hot path does one `&`. An admin key has all. */
export const INGEST = 1;
export const READ = 2;
export const ADMIN = 4;
export const ALL_RIGHTS = INGEST | READ | ADMIN;

/** Longer texts are no key of ours; a bound on what a caller can make us compare. */
const MAX_PRESENTED_LENGTH = 1_024;
const BEARER_LENGTH = 'bearer '.length;
const BASIC_LENGTH = 'basic '.length;

interface Key {
  readonly sizeBytes: number;
  /** The key's bytes, zeros up to a multiple of four. */
  readonly words: Int32Array;
  readonly rights: number;
}

/** Where the presented text is laid out for comparing; no character takes more than three bytes. */
const presented = Buffer.alloc(MAX_PRESENTED_LENGTH * 3 + 8);
const presentedWords = new Int32Array(presented.buffer, presented.byteOffset, presented.length >> 2);

export class KeyRing {
  readonly #keys: readonly Key[];
  /** No keys at all: everyone may do everything. Only ever on a loopback host. */
  readonly isOpen: boolean;

  constructor(keys: {
    readonly write: readonly string[];
    readonly admin: readonly string[];
    readonly read: readonly string[];
  }) {
    this.#keys = [
      ...keys.write.map((text) => keyOf(text, INGEST)),
      ...keys.read.map((text) => keyOf(text, READ)),
      ...keys.admin.map((text) => keyOf(text, ALL_RIGHTS)),
    ];
    this.isOpen = this.#keys.length === 0;
  }

  /** Rights of `Authorization: Bearer KEY` or `Basic base64(KEY:anything)`; 0 = none. */
  rightsOfAuthorization(header: string): number {
    if (this.isOpen) return ALL_RIGHTS;
    if (header.length > MAX_PRESENTED_LENGTH) return 0;
    if (isScheme(header, 'bearer ', BEARER_LENGTH)) return this.#rights(header, BEARER_LENGTH);
    if (!isScheme(header, 'basic ', BASIC_LENGTH)) return 0;
    return this.rightsOfPair(Buffer.from(header.slice(BASIC_LENGTH), 'base64').toString('latin1'));
  }

  /** Rights of `KEY` or `KEY:secret`, as Basic and `X-Write-Key` carry them. */
  rightsOfPair(pair: string): number {
    const colon = pair.indexOf(':');
    return this.rightsOf(pair) | (colon === -1 ? 0 : this.rightsOf(pair.slice(0, colon)));
  }

  rightsOf(text: string): number {
    if (this.isOpen) return ALL_RIGHTS;
    return text.length > MAX_PRESENTED_LENGTH ? 0 : this.#rights(text, 0);
  }

  /** Rights of the text from position `from`, which is below 8 and follows ASCII. */
  #rights(text: string, from: number): number {
    // So placed that the part to compare starts a word; what follows it is zeros.
    const offset = (8 - from) & 3;
    const end = offset + presented.write(text, offset);
    presented[end] = 0;
    presented[end + 1] = 0;
    presented[end + 2] = 0;
    const sizeBytes = end - offset - from;
    const firstWord = (offset + from) >> 2;
    let rights = 0;
    for (const key of this.#keys) {
      const words = key.words;
      let difference = sizeBytes ^ key.sizeBytes;
      for (let i = 0; i < words.length; i += 1) difference |= presentedWords[firstWord + i] ^ words[i];
      if (difference === 0) rights |= key.rights;
    }
    return rights;
  }
}

function isScheme(header: string, scheme: string, length: number): boolean {
  for (let i = 0; i < length; i += 1) {
    if ((header.charCodeAt(i) | 0x20) !== scheme.charCodeAt(i)) return false;
  }
  return true;
}

function keyOf(text: string, rights: number): Key {
  if (!/^[\x21-\x7e]{1,512}$/.test(text)) {
    throw new EngineError('invalid_request', 'a key must be 1 to 512 visible ASCII characters without spaces');
  }
  const bytes = new Uint8Array((text.length + 3) & ~3);
  bytes.set(Buffer.from(text, 'latin1'));
  return { sizeBytes: text.length, words: new Int32Array(bytes.buffer), rights };
}
