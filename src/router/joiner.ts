/**
 * Makes one profile of two, and several of one, across shards. In prose and with its states: `router/README.md`.
 *
 * Invariants: a profile lives on the shard of its home key's slot; every command is in the record of the shard that it changes before
 * the next is given, and commands that hang together over shards are one step, which counts whole or not at all.
 */
import { assert } from '../base/assert.ts';
import type { JournalEntry, LinkReason, RefusalReason } from '../model/identity-journal.ts';
import type { Identifier } from '../model/profile.ts';
import { PAIR_CUT, PAIR_REFUSAL_NOTED } from '../profile/pair-notes.ts';
import { packProfile } from '../profile/transfer.ts';
import type { Arrival, IdentifierPair, IdentityCommand, Joining } from '../shard/identity-command.ts';
import { entryId, textOf } from '../shard/identity-entry.ts';
import { areLinked } from '../shard/identity-execution.ts';
import type { Shard } from '../shard/shard.ts';
import type { Directory } from './directory.ts';
import type { ProfileAddress } from './profile-address.ts';

/** Why two profiles become one. */
export interface JoinCause {
  readonly reason: LinkReason;
  readonly atMs: number;
  readonly messageId?: string | undefined;
}

export class Joiner {
  readonly #directory: Directory;
  #isInBatch = false;
  #isOverShards = false;
  mergeCount = 0;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** Whether commands given from now on belong to a batch, whose records hold them in their places among the items. */
  within(isInBatch: boolean): void {
    this.#isInBatch = isInBatch;
  }

  /** Whether commands since the last call hang together over shards, so that none of them counts without the others. */
  takeIsOverShards(): boolean {
    const taken = this.#isOverShards;
    this.#isOverShards = false;
    return taken;
  }

  command(shard: Shard, command: IdentityCommand): void {
    if (this.#isInBatch) shard.commandInBatch(command);
    else shard.command(command);
  }

  /** Gives `profile`, an identifier of the profile at the address, companions that nobody has. */
  attach(address: ProfileAddress, profile: Identifier, identifiers: readonly Identifier[], atMs: number): void {
    this.command(address.shard, { kind: 'attach', profile, identifiers, atMs });
    for (const identifier of identifiers) this.#directory.bind(identifier, address);
  }

  /** Notes that two identifiers of one profile came together; nothing to do when that is known. */
  link({ shard }: ProfileAddress, a: Identifier, b: Identifier, atMs: number): void {
    const { data } = shard;
    if (areLinked(data, data.codeOf(a), data.codeOf(b))) return;
    this.command(shard, { kind: 'link', pair: [a, b], atMs });
  }

  /**
   * Makes one profile of those of `a` and `b`, which both have one. The name of `a`'s stays unless only the other has a user id. Gives where the one
   * profile is. The larger one stays where it is, for the smaller has less to move.
   */
  join(a: Identifier, b: Identifier, cause: JoinCause): ProfileAddress {
    const first = this.#located(a);
    const second = this.#located(b);
    if (first.shard === second.shard && first.row === second.row) {
      this.link(first, a, b, cause.atMs);
      return first;
    }
    this.mergeCount += 1;
    const stays = this.doesFirstStay(first, second) ? first : second;
    const goes = stays === first ? second : first;
    const joining: Joining = {
      isLoserNamed: stays !== first,
      link: [a, b],
      atMs: cause.atMs,
      reason: cause.reason,
      ...(cause.messageId === undefined ? {} : { messageId: cause.messageId }),
    };
    const winner = stays === first ? a : b;
    const loser = stays === first ? b : a;
    if (stays.shard === goes.shard) this.command(stays.shard, { kind: 'merge', winner, loser, ...joining });
    else
      this.#move(goes, loser, stays.shard, this.#directory.homeKeyOf(stays), {
        into: { winner, ...joining },
        atMs: cause.atMs,
      });
    return this.#located(a);
  }

  /** Whether the first of two profiles stays where it is when they become one. By what would have to move; between equals by the home key, so that the answer is the same for any number of shards. */
  doesFirstStay(a: ProfileAddress, b: ProfileAddress): boolean {
    const difference = this.#directory.compareSizes(a, b);
    if (difference !== 0) return difference > 0;
    return textOf(this.#directory.homeKeyOf(a)) < textOf(this.#directory.homeKeyOf(b));
  }

  #located(identifier: Identifier): ProfileAddress {
    const address = this.#directory.locate(identifier);
    assert(address !== undefined, 'an identifier that nobody has');
    return address;
  }

  /** Moves a profile: departure from its shard, arrival at the other, and forwards for who looks for it. */
  #move(from: ProfileAddress, profile: Identifier, to: Shard, target: Identifier, arrival: Arrival): void {
    assert(this.#isInBatch, 'a profile moves within a batch only');
    this.#isOverShards = true;
    const parcel = packProfile(from.shard.data, from.row);
    this.command(from.shard, { kind: 'depart', profile, target });
    this.command(to, { kind: 'arrive', parcel, ...arrival });
    for (const [type, value] of parcel.identifiers) {
      const row = to.rowOf({ type, value });
      if (typeof row === 'number' && row >= 0) this.#directory.bind({ type, value }, { shard: to, row });
    }
  }

  /**
   * Cuts links between identifiers of one profile, and keeps the pairs from being linked again. What falls apart and does not belong to this
   * shard moves to its own.
   */
  cut(cuts: readonly IdentifierPair[], entry: JournalEntry): void {
    assert(this.#isInBatch, 'links are cut within a batch only');
    const address = this.#located(cuts[0][0]);
    for (const pair of cuts) this.setPair(pair, PAIR_CUT, true);
    const { shard } = address;
    const identifiers = shard.data.identifiersOf(address.row).map((code) => shard.data.identifiers.identifierOf(code));
    this.command(shard, { kind: 'split', profile: cuts[0][0], cuts, entry });
    shard.data.traits.foldNow();
    this.#sendHome(shard, identifiers, entry.at);
  }

  /** Moves the profiles of the identifiers to the shards of their home keys, where they are elsewhere. */
  #sendHome(shard: Shard, identifiers: readonly Identifier[], atMs: number): void {
    for (const identifier of identifiers) {
      const row = shard.rowOf(identifier);
      // Of a profile that went before.
      if (typeof row !== 'number') continue;
      if (row < 0) {
        this.#free(shard, identifier);
        continue;
      }
      const homeKey = this.#directory.homeKeyOf({ shard, row });
      const home = this.#directory.ownerOf(homeKey);
      if (home === shard) this.#directory.bind(identifier, { shard, row });
      else this.#move({ shard, row }, identifier, home, homeKey, { atMs });
    }
  }

  /** Nobody has it any more: what led here leads to its owner, and there to itself. */
  #free(shard: Shard, identifier: Identifier): void {
    const owner = this.#directory.ownerOf(identifier);
    if (owner === shard) return;
    for (const one of [shard, owner]) this.command(one, { kind: 'bind', identifier, target: identifier });
  }

  setPair(pair: IdentifierPair, flag: number, isOn: boolean): void {
    if (flag === PAIR_CUT) this.#isOverShards = true;
    this.command(this.#pairOwner(pair), { kind: 'pair', pair, flag, isOn });
  }

  hasPair(pair: IdentifierPair, flag: number): boolean {
    const { pairs } = this.#pairOwner(pair).data;
    return pairs.has(pair[0], pair[1], flag);
  }

  isCut(pair: IdentifierPair): boolean {
    const { pairs } = this.#pairOwner(pair).data;
    return pairs.hasCuts && pairs.has(pair[0], pair[1], PAIR_CUT);
  }

  #pairOwner(pair: IdentifierPair): Shard {
    return this.#directory.ownerOf(pairKey(pair));
  }

  /** Writes a refusal in the profile's journal, once a pair. */
  refuse(address: ProfileAddress, pair: IdentifierPair, reason: RefusalReason, cause: JoinCause): void {
    if (this.hasPair(pair, PAIR_REFUSAL_NOTED)) return;
    this.setPair(pair, PAIR_REFUSAL_NOTED, true);
    const [from, to] = pair;
    const entry: JournalEntry = {
      id: entryId('refusal', pair, cause.atMs),
      at: cause.atMs,
      kind: 'refusal',
      reason,
      from: textOf(from),
      to: textOf(to),
      ...(cause.messageId === undefined ? {} : { messageId: cause.messageId }),
    };
    this.command(address.shard, { kind: 'note', profile: from, entry });
  }
}

/** A pair belongs to the slot of its lesser identifier, which no merge moves. */
export function pairKey([a, b]: IdentifierPair): Identifier {
  return textOf(a) < textOf(b) ? a : b;
}
