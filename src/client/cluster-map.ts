/**
 * Who owns which slot, as `GET /v1/cluster` tells it: a hint that spares a hop, never a matter of correctness. The slot of a key is part of
 * the data format: `xxh32(key) & 1023`, the key being the text of a user id, or `type:value`.
 */
import { xxh32 } from '../base/hash.ts';
import { SLOT_COUNT } from '../model/limits.ts';
import type { Identifier } from '../model/profile.ts';
import { isRecord } from './kith-error.ts';
import { httpUrlOf } from './options.ts';

export function slotOf(key: string): number {
  const bytes = Buffer.from(key, 'utf8');
  return xxh32(bytes, 0, bytes.length, 0) & (SLOT_COUNT - 1);
}

/** A text names a user id, or `type:value`: either reading has the same key. */
export function slotOfAddress(address: string | Identifier): number {
  if (typeof address === 'string') return slotOf(address);
  return slotOf(address.type === 'user_id' ? address.value : `${address.type}:${address.value}`);
}

export class ClusterMap {
  readonly epoch: number;
  /** Whether every shard has a door of its own that this client may use. */
  readonly isWhole: boolean;
  /** Shards of which `isUsable` said no. */
  readonly strangeAddresses: readonly string[];
  readonly #addresses: readonly string[];
  readonly #shardOfSlot: Int16Array;

  /** `isUsable`: whether a shard's address may be dialled. Undefined when the answer is not a map. */
  static of(value: unknown, isUsable: (httpUrl: string) => boolean): ClusterMap | undefined {
    if (!isRecord(value) || typeof value['epoch'] !== 'number' || !Array.isArray(value['shards'])) return undefined;
    if (value['slots'] !== SLOT_COUNT) return undefined;
    return new ClusterMap(value['epoch'], value['shards'], isUsable);
  }

  private constructor(epoch: number, shards: readonly unknown[], isUsable: (httpUrl: string) => boolean) {
    this.epoch = epoch;
    const addresses: string[] = [];
    const strange: string[] = [];
    this.#shardOfSlot = new Int16Array(SLOT_COUNT).fill(-1);
    for (const [index, shard] of shards.slice(0, SLOT_COUNT).entries()) {
      const address = isRecord(shard) ? addressOf(shard['address']) : '';
      const isKnown = address !== '' && isUsable(address);
      if (address !== '' && !isKnown) strange.push(address);
      addresses.push(isKnown ? address : '');
      const ranges = isRecord(shard) && Array.isArray(shard['slotRanges']) ? shard['slotRanges'] : [];
      for (const range of ranges) this.#own(index, range);
    }
    this.#addresses = addresses;
    this.strangeAddresses = strange;
    this.isWhole = addresses.length > 0 && addresses.every((address) => address !== '');
  }

  get addresses(): readonly string[] {
    return this.#addresses.filter((address) => address !== '');
  }

  /** The door of the shard that owns the slot; undefined when it has none. */
  addressOf(slot: number): string | undefined {
    return this.#addresses[this.#shardOfSlot[slot]] || undefined;
  }

  /** Both ends included. */
  #own(index: number, range: unknown): void {
    if (!Array.isArray(range)) return;
    const [from, to] = range as readonly unknown[];
    if (!isSlot(from) || !isSlot(to)) return;
    this.#shardOfSlot.fill(index, from, to + 1);
  }
}

function isSlot(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < SLOT_COUNT;
}

function addressOf(value: unknown): string {
  if (typeof value !== 'string' || value === '') return '';
  try {
    return httpUrlOf(value);
  } catch {
    return '';
  }
}
