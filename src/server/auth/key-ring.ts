/**
 * Who may do what. Keys are random and long, so they are compared as they are, in constant time: every key is compared
 * over the whole presented text, with no early exit, so the time tells nothing about how near a guess came. The cost is
 * some 50 ns a key, because every lookup pays it (bench: lookup-http).
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
  readonly codes: Uint8Array;
  readonly rights: number;
}

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

  #rights(text: string, from: number): number {
    let rights = 0;
    const length = text.length - from;
    for (const key of this.#keys) {
      const codes = key.codes;
      let difference = length ^ codes.length;
      for (let i = 0; i < length; i += 1) difference |= text.charCodeAt(from + i) ^ (i < codes.length ? codes[i] : 0);
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
  return { codes: new Uint8Array(Buffer.from(text, 'latin1')), rights };
}
