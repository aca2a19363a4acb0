/**
 * Random buckets: xxh32 of `salt`, a colon and the profile's id, as a share of 2³². The bytes are put together in one scratch buffer, where
 * they are hashed: no string is made. Nothing is kept, because an id may change when a profile gets a user_id.
 */
import { xxh32 } from '../../base/hash.ts';
import { TYPE_USER_ID } from '../../profile/identifier-store.ts';

/** The identifier that names each profile outside: live, or an image of it. */
export interface IdentitySource {
  /** By row: code of the identifier. */
  primaryOf(row: number): number;
  typeIdOf(code: number): number;
  /** Points `heap` at the identifier's value. */
  locate(code: number): { readonly block: Uint8Array; readonly start: number; readonly size: number };
  typeOf(typeId: number): string;
}

/** Plain data. */
export interface RandomBucket {
  readonly salt: string;
  readonly from: number;
  readonly to: number;
}

export class BucketHash {
  readonly #identities: IdentitySource;
  readonly #saltSize: number;
  #scratch = new Uint8Array(1_024);
  /** `type:` by type id, in UTF-8. */
  readonly #typePrefixes: (Uint8Array | undefined)[] = [];

  constructor(salt: string, identities: IdentitySource) {
    this.#identities = identities;
    const prefix = Buffer.from(`${salt}:`);
    this.#saltSize = prefix.length;
    this.#reserve(prefix.length + 1_024);
    this.#scratch.set(prefix);
  }

  /** The profile's place, 0 ≤ x < 1. */
  valueOf(row: number): number {
    const identities = this.#identities;
    const code = identities.primaryOf(row);
    const typeId = identities.typeIdOf(code);
    let length = this.#saltSize;
    if (typeId !== TYPE_USER_ID) {
      const prefix = this.#typePrefix(typeId);
      this.#reserve(length + prefix.length);
      this.#scratch.set(prefix, length);
      length += prefix.length;
    }
    const { block, start, size } = identities.locate(code);
    if (length + size > this.#scratch.length) this.#reserve(length + size);
    const scratch = this.#scratch;
    for (let i = 0; i < size; i++) scratch[length + i] = block[start + i];
    return xxh32(scratch, 0, length + size, 0) / 0x1_0000_0000;
  }

  #typePrefix(typeId: number): Uint8Array {
    let prefix = this.#typePrefixes[typeId];
    if (prefix === undefined) {
      prefix = Buffer.from(`${this.#identities.typeOf(typeId)}:`);
      this.#typePrefixes[typeId] = prefix;
    }
    return prefix;
  }

  #reserve(size: number): void {
    if (size <= this.#scratch.length) return;
    const larger = new Uint8Array(size * 2);
    larger.set(this.#scratch);
    this.#scratch = larger;
  }
}

/** Whether a row is in the bucket. */
export function bucketTest({ salt, from, to }: RandomBucket, identities: IdentitySource): (row: number) => boolean {
  const hash = new BucketHash(salt, identities);
  return (row) => {
    const x = hash.valueOf(row);
    return x >= from && x < to;
  };
}
