/**
 * Finds the profile that an item belongs to, and what it attaches, across shards.
 *
 * Rules, until identity resolution proper takes over: an identifier belongs to the profile that had it first. A userId with a
 * profile wins; else an anonymousId whose profile has no user_id yet brings that profile (the visitor becomes a
 * customer); else the item starts a profile. Identifiers that nobody has are attached; those that another profile has stay there and are
 * counted. An identifier whose slot is on another shard than the profile gets a forward there.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { decodeUtf8 } from '../memory/byte-heap.ts';
import type { Identifier } from '../model/profile.ts';
import { NONE } from '../profile/event-table.ts';
import { TYPE_ANONYMOUS_ID, TYPE_USER_ID } from '../profile/identifier-store.ts';
import {
  ROUTE_ATTACH_ANONYMOUS,
  ROUTE_ATTACH_EMAIL,
  ROUTE_ATTACH_EXTRA,
  ROUTE_ATTACH_PHONE,
  ROUTE_ATTACH_USER,
  ROUTE_HOME_ANONYMOUS,
} from '../shard/record.ts';
import type { Shard } from '../shard/shard.ts';
import { readExternalIds } from './external-id.ts';
import type { SlotMap } from './slot-map.ts';

export interface ProfileAddress {
  readonly shard: Shard;
  readonly row: number;
}

export class IdentityRoute {
  readonly #shards: readonly Shard[];
  readonly #slots: SlotMap;
  // The decision of the last `decide`.
  shard: Shard;
  /** −1 = a new profile. */
  row = -1;
  route = 0;
  extra: Identifier[] | undefined;
  /** Identifiers that gain a forward on another shard. */
  readonly forwards: Identifier[] = [];
  /** Identifiers that another profile has. */
  takenCount = 0;
  /** For alias calls: both ids have profiles of their own. */
  isMerge = false;

  constructor(shards: readonly Shard[], slots: SlotMap) {
    this.#shards = shards;
    this.#slots = slots;
    this.shard = shards[0];
  }

  /** Where the identifier's profile lives; undefined when nobody has it. */
  locate(identifier: Identifier): ProfileAddress | undefined {
    const shard = this.ownerOf(identifier);
    const found = shard.rowOf(identifier);
    if (typeof found !== 'number') return this.#follow(identifier, found);
    return found < 0 ? undefined : { shard, row: found };
  }

  /**
   * Where a forward leads. The profile's own shard has the last word, by its own entry for the identifier: after a crash the
   * forward may be there while the profile, or only this identifier of it, was lost. Then nobody has it.
   */
  #follow(identifier: Identifier, target: Identifier): ProfileAddress | undefined {
    const shard = this.ownerOf(target);
    const row = shard.rowOf(identifier);
    return typeof row === 'number' && row >= 0 ? { shard, row } : undefined;
  }

  /** The shard that owns the identifier's slot. */
  ownerOf(identifier: Identifier): Shard {
    return this.#shards[this.#slots.shardOf(identifier)];
  }

  decide(tape: EventTape, item: number): void {
    const base = item * tapeOf.ITEM_STRIDE;
    const { items } = tape;
    this.route = 0;
    this.extra = undefined;
    this.takenCount = 0;
    this.isMerge = false;
    if (this.forwards.length > 0) this.forwards.length = 0;
    const hasUser = items[base + tapeOf.ITEM_USER + 1] >= 0;
    const hasAnonymous = items[base + tapeOf.ITEM_ANONYMOUS + 1] >= 0;
    if (hasUser) {
      this.#decideUser(tape, base, hasAnonymous);
    } else {
      const address = this.locate(fieldIdentifier(tape, base + tapeOf.ITEM_ANONYMOUS, 'anonymous_id'));
      this.#take(address, () =>
        this.#slots.shardOf(fieldIdentifier(tape, base + tapeOf.ITEM_ANONYMOUS, 'anonymous_id')),
      );
    }
    const kind = items[base + tapeOf.ITEM_KIND];
    if (kind === tapeOf.KIND_IDENTIFY) this.#attachContacts(tape, base);
    if (kind === tapeOf.KIND_ALIAS && !this.isMerge) this.#checkOldUser(tape, base);
    if (items[base + tapeOf.ITEM_EXTERNAL_IDS] >= 0) this.#attachExternal(tape, base);
  }

  #take(address: ProfileAddress | undefined, ownerIndex: () => number): void {
    if (address === undefined) {
      this.shard = this.#shards[ownerIndex()];
      this.row = -1;
    } else {
      this.shard = address.shard;
      this.row = address.row;
    }
  }

  #decideUser(tape: EventTape, base: number, hasAnonymous: boolean): void {
    const field = base + tapeOf.ITEM_USER;
    const { items, bytes } = tape;
    const owner = this.#shards[this.#slots.shardOfUser(bytes, items[field], items[field + 1])];
    const { identifiers } = owner.data;
    const code = identifiers.find(TYPE_USER_ID, bytes, items[field], items[field + 1], items[field + 2]);
    this.shard = owner;
    this.row = -1;
    if (code !== 0) {
      const row = identifiers.rowOf(code);
      if (row !== NONE) this.row = row;
      else
        this.#take(
          this.#follow(fieldIdentifier(tape, field, 'user_id'), identifiers.forwardOf(code)),
          () => owner.index,
        );
    }
    if (hasAnonymous) this.#decideAnonymous(tape, base);
  }

  /** The userId is decided (`shard`, `row`); now what its companion anonymousId means. */
  #decideAnonymous(tape: EventTape, base: number): void {
    const field = base + tapeOf.ITEM_ANONYMOUS;
    const { items, bytes } = tape;
    if (this.row >= 0) {
      // The usual case first: already attached to this very profile.
      const { identifiers } = this.shard.data;
      const code = identifiers.find(TYPE_ANONYMOUS_ID, bytes, items[field], items[field + 1], items[field + 2]);
      if (code !== 0 && identifiers.rowOf(code) === this.row) return;
    }
    const identifier = fieldIdentifier(tape, field, 'anonymous_id');
    const address = this.locate(identifier);
    if (address === undefined) {
      this.route |= ROUTE_ATTACH_ANONYMOUS;
      this.#forwardIfElsewhere(identifier);
      return;
    }
    if (this.row >= 0) {
      if (address.shard === this.shard && address.row === this.row) return;
      this.takenCount += 1;
      this.isMerge = true;
      return;
    }
    const { data } = address.shard;
    if (data.identifiers.typeIdOf(data.profiles.primaries.get(address.row)) === TYPE_USER_ID) {
      // Another user's device: a new profile starts, the device's id stays where it is.
      this.takenCount += 1;
      this.isMerge = true;
      return;
    }
    this.shard = address.shard;
    this.row = address.row;
    this.route |= ROUTE_HOME_ANONYMOUS | ROUTE_ATTACH_USER;
    this.#forwardIfElsewhere(fieldIdentifier(tape, base + tapeOf.ITEM_USER, 'user_id'));
  }

  /** An alias whose old id is itself a user of another profile asks for a merge. */
  #checkOldUser(tape: EventTape, base: number): void {
    const old = this.locate(fieldIdentifier(tape, base + tapeOf.ITEM_PREVIOUS, 'user_id'));
    if (old !== undefined && !(old.shard === this.shard && old.row === this.row)) this.isMerge = true;
  }

  #forwardIfElsewhere(identifier: Identifier): void {
    if (this.#slots.shardCount > 1 && this.#shards[this.#slots.shardOf(identifier)] !== this.shard) {
      this.forwards.push(identifier);
    }
  }

  #attachContacts(tape: EventTape, base: number): void {
    const { items } = tape;
    const email = items[base + tapeOf.ITEM_EMAIL];
    if (email >= 0 && this.#isFree(leafIdentifier(tape, email, 'email'))) this.route |= ROUTE_ATTACH_EMAIL;
    const phone = items[base + tapeOf.ITEM_PHONE];
    if (phone >= 0 && this.#isFree(leafIdentifier(tape, phone, 'phone'))) this.route |= ROUTE_ATTACH_PHONE;
  }

  #attachExternal(tape: EventTape, base: number): void {
    const { items } = tape;
    for (const identifier of readExternalIds(tape, items[base + tapeOf.ITEM_EXTERNAL_IDS])) {
      if (this.#attachesAlready(tape, base, identifier) || !this.#acceptsType(identifier)) continue;
      if (!this.#isFree(identifier)) continue;
      this.extra ??= [];
      this.extra.push(identifier);
      this.route |= ROUTE_ATTACH_EXTRA;
    }
  }

  /** Whether the item names the identifier a second time, as a trait or in the same list. */
  #attachesAlready(tape: EventTape, base: number, { type, value }: Identifier): boolean {
    const isLeaf = (leaf: number): boolean => leafIdentifier(tape, leaf, type).value === value;
    if (type === 'email' && this.route & ROUTE_ATTACH_EMAIL) {
      if (isLeaf(tape.items[base + tapeOf.ITEM_EMAIL])) return true;
    } else if (type === 'phone' && this.route & ROUTE_ATTACH_PHONE) {
      if (isLeaf(tape.items[base + tapeOf.ITEM_PHONE])) return true;
    }
    return this.extra?.some((other) => other.type === type && other.value === value) === true;
  }

  #acceptsType(identifier: Identifier): boolean {
    const { type } = identifier;
    return this.shard.data.identifiers.acceptsType(type) && this.ownerOf(identifier).data.identifiers.acceptsType(type);
  }

  /** True when nobody has the identifier; false, and counted, when another profile does. An empty value is nobody's. */
  #isFree(identifier: Identifier): boolean {
    if (identifier.value === '') return false;
    if (this.row >= 0 && this.shard.rowOf(identifier) === this.row) return false;
    const address = this.locate(identifier);
    if (address === undefined) {
      this.#forwardIfElsewhere(identifier);
      return true;
    }
    if (address.shard !== this.shard || address.row !== this.row) this.takenCount += 1;
    return false;
  }
}

export function fieldIdentifier(tape: EventTape, field: number, type: string): Identifier {
  return { type, value: decodeUtf8(tape.bytes, tape.items[field], tape.items[field + 1]) };
}

function leafIdentifier(tape: EventTape, leaf: number, type: string): Identifier {
  const at = leaf * tapeOf.LEAF_STRIDE;
  const size = Math.min(tape.leaves[at + tapeOf.LEAF_LENGTH], MAX_IDENTIFIER_SIZE_BYTES);
  // A text too long to be an identifier stays a trait only.
  if (size < tape.leaves[at + tapeOf.LEAF_LENGTH]) return { type, value: '' };
  return { type, value: decodeUtf8(tape.bytes, tape.leaves[at + tapeOf.LEAF_OFFSET], size) };
}

const MAX_IDENTIFIER_SIZE_BYTES = 512;
