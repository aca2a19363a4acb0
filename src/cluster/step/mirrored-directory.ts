/**
 * Where identifiers and profiles are, as far as one shard process knows: its own shard, and for the time of a step the mirrors of others.
 *
 * Invariants: mirrors hold exactly what was claimed for the step under way; between steps there are none. What the own shard has an entry
 * with a profile for is here, whoever owns the slot.
 */

import { xxh32 } from '../../base/hash.ts';
import type { EventTape } from '../../ingest/event-tape.ts';
import type { Identifier } from '../../model/profile.ts';
import { unpackProfile } from '../../profile/transfer.ts';
import { Directory } from '../../router/directory.ts';
import { pairKey } from '../../router/joiner.ts';
import type { ProfileAddress } from '../../router/profile-address.ts';
import type { OutOfReach, Reach } from '../../router/reach.ts';
import { fieldText } from '../../router/resolver.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { StepPart } from '../../shard/identity-command.ts';
import { textOf } from '../../shard/identity-entry.ts';
import { areLinked } from '../../shard/identity-execution.ts';
import type { BatchHeader } from '../../shard/record.ts';
import type { Shard } from '../../shard/shard.ts';
import { leadOf } from './lead.ts';
import type { LockTable } from './lock-table.ts';
import { Mirror, type MirrorParts } from './mirror.ts';
import { pairText, type StepFacts } from './step-facts.ts';

export class MirroredDirectory extends Directory implements Reach {
  override readonly reach: Reach = this;
  readonly own: Shard;
  readonly #locks: LockTable;
  readonly #parts: MirrorParts;
  readonly #mirrors = new Map<number, Mirror>();
  #facts: StepFacts | undefined;

  constructor(own: Shard, slots: SlotMap, locks: LockTable, parts: MirrorParts) {
    super([own], slots);
    this.own = own;
    this.#locks = locks;
    this.#parts = parts;
  }

  /** From here to `end`, in one turn, the directory knows what was claimed for the step. */
  begin(facts: StepFacts): void {
    this.#facts = facts;
    for (const { shard, parcel, size, isWhole } of facts.profiles.values()) {
      const mirror = this.#mirror(shard);
      const row = unpackProfile(mirror.shard.data, parcel, -1, this.#parts.parcelScanner, 0);
      if (!isWhole) mirror.sizes.set(row, size);
    }
    for (const { shard, identifier, target } of facts.forwards.values()) {
      const { data } = this.#mirror(shard).shard;
      const bytes = Buffer.from(identifier.value, 'utf8');
      const hash = xxh32(bytes, 0, bytes.length, data.hashSeed);
      if (data.codeOf(identifier) === 0) {
        data.identifiers.addForward(data.identifiers.addType(identifier.type), bytes, hash, target);
      }
    }
    for (const { shard, pair, flags } of facts.pairs.values()) {
      if (flags !== 0) this.#mirror(shard).shard.data.pairs.set(pair[0], pair[1], flags, true);
    }
    for (const { shard, message } of facts.knownMessages) {
      this.#mirror(shard).shard.data.dedup.isDuplicate(message[0], message[1], 0);
    }
  }

  /** Tells owners where their identifiers were found that were far to seek; to be called when the step has been applied. */
  shorten(): void {
    for (const identifier of this.#facts?.detours ?? []) {
      const address = this.locate(identifier);
      if (address !== undefined) this.bind(identifier, address);
    }
  }

  end(): void {
    this.#facts = undefined;
    this.#mirrors.clear();
  }

  #mirror(index: number): Mirror {
    let mirror = this.#mirrors.get(index);
    if (mirror === undefined) {
      mirror = new Mirror(index, this.own.index, this.own.data.lastStep + 1, this.#parts);
      mirror.shard.data.traits.survivorship = this.own.data.traits.survivorship;
      this.#mirrors.set(index, mirror);
    }
    return mirror;
  }

  override ownerOf(identifier: Identifier): Shard {
    const index = this.slots.shardOf(identifier);
    return index === this.own.index ? this.own : this.#mirror(index).shard;
  }

  /** In the record of what it goes with: a crash between two records would leave word of a profile that never came there. */
  override bind(identifier: Identifier, address: ProfileAddress): void {
    const owner = this.ownerOf(identifier);
    if (owner === address.shard) return;
    owner.commandInBatch({ kind: 'bind', identifier, target: this.homeKeyOf(address) });
  }

  override locate(identifier: Identifier): ProfileAddress | undefined {
    const row = this.own.rowOf(identifier);
    if (typeof row === 'number' && row >= 0) return { shard: this.own, row };
    // Who fetched a profile knows where all of its identifiers are, without their owners.
    for (const { shard } of this.#mirrors.values()) {
      const there = shard.rowOf(identifier);
      if (typeof there === 'number' && there >= 0) return { shard, row: there };
    }
    return undefined;
  }

  /** A mirror may hold less than was told of a profile's size. */
  override compareSizes(a: ProfileAddress, b: ProfileAddress): number {
    const areHere = a.shard === this.own && b.shard === this.own;
    return areHere ? super.compareSizes(a, b) : this.sizeOf(a) - this.sizeOf(b);
  }

  override sizeOf(address: ProfileAddress): number {
    const fetched = this.#mirrors.get(address.shard.index)?.sizes.get(address.row);
    const size = super.sizeOf(address);
    return address.shard === this.own || fetched === undefined ? size : fetched + size;
  }

  isHeld(row: number): boolean {
    return !this.#locks.isEmpty && this.#locks.isRowHeld(row, this.#facts?.holder);
  }

  mayMake(tape: EventTape, field: number, isUser: boolean): boolean {
    const { slots, own } = this;
    if (isUser && slots.shardOfUser(tape.bytes, tape.items[field], tape.items[field + 1]) !== own.index) return false;
    if (isUser && this.#locks.isEmpty) return true;
    const identifier = { type: isUser ? 'user_id' : 'anonymous_id', value: fieldText(tape, field) };
    if (slots.shardOf(identifier) !== own.index) return false;
    return this.#locks.isEmpty || !this.#locks.isTextHeld(textOf(identifier), this.#facts?.holder);
  }

  lacks(identifiers: readonly Identifier[]): OutOfReach | undefined {
    const [primary] = identifiers;
    const unknown: Identifier[] = [];
    let isHeld = false;
    let relayTo: number | undefined;
    for (const identifier of identifiers) {
      const at = this.#lookFor(identifier);
      if (at === 'held') isHeld = true;
      if (typeof at !== 'number') continue;
      unknown.push(identifier);
      if (identifier === primary) relayTo = at;
    }
    const pairs = this.#pairsToAsk(identifiers);
    if (!isHeld && unknown.length === 0 && pairs.length === 0) return undefined;
    return { relayTo, isHeld, identifiers, unknown, incomplete: [], pairs, primary };
  }

  /** Which shard is to be asked for it; 'known': nothing is to be asked; 'held': another step has it in hand. */
  #lookFor(identifier: Identifier): number | 'known' | 'held' {
    const { own, slots } = this;
    const text = textOf(identifier);
    const holder = this.#facts?.holder;
    if (this.#locks.isTextHeld(text, holder)) return 'held';
    const at = own.rowOf(identifier);
    if (typeof at === 'number' && at >= 0) return this.isHeld(at) ? 'held' : 'known';
    if (this.#facts?.isKnown(text) === true) return 'known';
    const lead = leadOf(own, slots, identifier);
    if (typeof lead === 'object') return lead.to;
    if (lead === 'nobody') return 'known';
    const owner = slots.shardOf(identifier);
    return owner === own.index ? 'held' : owner;
  }

  /** Pairs with the primary of which something may be noted on another shard. A pair that is linked is not cut. */
  #pairsToAsk(identifiers: readonly Identifier[]): [Identifier, Identifier][] {
    const { own, slots } = this;
    const [primary, ...others] = identifiers;
    const { data } = own;
    return others.flatMap((other): [Identifier, Identifier][] => {
      const pair: [Identifier, Identifier] = [primary, other];
      if (slots.shardOf(pairKey(pair)) === own.index || this.#facts?.pairs.has(pairText(pair)) === true) return [];
      const a = data.codeOf(primary);
      const b = data.codeOf(other);
      return a !== 0 && b !== 0 && areLinked(data, a, b) ? [] : [pair];
    });
  }

  lacksEvents(profiles: readonly ProfileAddress[]): OutOfReach | undefined {
    if (profiles.length < 2 || this.#mirrors.size === 0) return undefined;
    const sizes = profiles.map((address) => this.sizeOf(address));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const incomplete = profiles.filter((address, i) => {
      const isFetchedBare = this.#mirrors.get(address.shard.index)?.sizes.has(address.row) === true;
      // The largest stays, if it is larger than the others become together.
      return address.shard !== this.own && isFetchedBare && sizes[i] <= total - sizes[i];
    });
    if (incomplete.length === 0) return undefined;
    const identifiers = incomplete.map((address) => this.homeKeyOf(address));
    return { identifiers, unknown: [], incomplete: identifiers, pairs: [] };
  }

  takeParts(source: Uint8Array, header: BatchHeader): readonly StepPart[] {
    const parts: StepPart[] = [];
    for (const [shard, mirror] of this.#mirrors) {
      const record = mirror.takePart(source, header);
      if (record !== undefined) parts.push({ shard, record });
    }
    return parts;
  }
}
