/**
 * Where identifiers and profiles live. An identifier's entry is owned by the shard of its slot; a profile lives on the shard of the slot
 * of its first identifier, its _home key_. Where the two differ, the owner's entry is a forward to the home key.
 *
 * Invariant: the profile's own shard has the last word, by its own entry for the identifier. After a crash a forward may lead to a shard that
 * lost the profile, or only this identifier of it: then nobody has it.
 */

import type { Identifier } from '../model/profile.ts';
import { NONE } from '../profile/event-table.ts';
import { compareSizes, sizeOf } from '../profile/merge.ts';
import type { Shard } from '../shard/shard.ts';
import type { ProfileAddress } from './profile-address.ts';
import type { Reach } from './reach.ts';
import { SlotMap } from './slot-map.ts';

/** The first identifier of a profile with more identifiers than this is remembered: the walk to it would be made again for each one that comes. */
const REMEMBER_FROM_COUNT = 64;
const REMEMBERED_MAX = 4_096;

/** A profile that moved more often than this leaves no trail longer: forwards are renewed at every move. */
const HOPS_MAX = 8;

export class Directory {
  /** Those of this process. */
  readonly shards: readonly Shard[];
  readonly slots: SlotMap;
  /** Absent: every shard is here. */
  readonly reach: Reach | undefined = undefined;
  /** Row → code of the first identifier. It stays the first as long as the row lives, and rows are never used again. */
  readonly #firsts = new WeakMap<Shard, Map<number, number>>();

  constructor(shards: readonly Shard[], slots: SlotMap = new SlotMap(shards.length)) {
    this.shards = shards;
    this.slots = slots;
  }

  /** The shard that owns the identifier's slot. */
  ownerOf(identifier: Identifier): Shard {
    return this.shards[this.slots.shardOf(identifier)];
  }

  /** Where the identifier's profile lives; undefined when nobody has it. */
  locate(identifier: Identifier): ProfileAddress | undefined {
    let shard = this.ownerOf(identifier);
    for (let hop = 0; hop <= HOPS_MAX; hop++) {
      const found = shard.rowOf(identifier);
      if (typeof found === 'number') return found < 0 ? undefined : { shard, row: found };
      const next = this.ownerOf(found);
      if (next === shard) return undefined;
      shard = next;
    }
    return undefined;
  }

  /** The identifier by whose slot the profile lives where it lives. */
  homeKeyOf({ shard, row }: ProfileAddress): Identifier {
    const { identifiers, profiles } = shard.data;
    let remembered = this.#firsts.get(shard);
    const known = remembered?.get(row);
    if (known !== undefined) return identifiers.identifierOf(known);
    let first = profiles.identifierHeads.get(row);
    for (let code = identifiers.nextOf(first); code !== 0; code = identifiers.nextOf(code)) first = code;
    if (shard.data.identifierCountOf(row) > REMEMBER_FROM_COUNT) {
      if (remembered === undefined) {
        remembered = new Map();
        this.#firsts.set(shard, remembered);
      }
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(row, first);
    }
    return identifiers.identifierOf(first);
  }

  /** What would have to move with the profile: its events and calls. */
  sizeOf({ shard, row }: ProfileAddress): number {
    return sizeOf(shard.data, row);
  }

  /** Which of two profiles has more to move; negative = the second. */
  compareSizes(a: ProfileAddress, b: ProfileAddress): number {
    return a.shard === b.shard ? compareSizes(a.shard.data, a.row, b.row) : this.sizeOf(a) - this.sizeOf(b);
  }

  /** Tells the identifier's owner where its profile lives, when that is elsewhere. */
  bind(identifier: Identifier, address: ProfileAddress): void {
    const owner = this.ownerOf(identifier);
    if (owner !== address.shard) owner.bind(identifier, this.homeKeyOf(address));
  }

  /**
   * Puts right the forwards that a crash lost, or left behind, while the profile's own shard kept the identifier; to be called once, after all
   * shards are open. Gives their number. Walks every identifier; nothing to do with one shard.
   */
  restoreForwards(): number {
    if (this.shards.length === 1) return 0;
    let count = 0;
    for (const shard of this.shards) {
      const { identifiers } = shard.data;
      for (let code = 1; code <= identifiers.count; code++) {
        const row = identifiers.rowOf(code);
        if (row === NONE) continue;
        const identifier = identifiers.identifierOf(code);
        if (this.ownerOf(identifier) === shard || this.locate(identifier)?.shard === shard) continue;
        this.bind(identifier, { shard, row });
        count += 1;
      }
    }
    return count;
  }
}
