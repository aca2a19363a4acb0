/**
 * To which profile an item belongs. An item's identifiers, strongest first, are looked up; the strongest is its _primary_, the one it comes
 * under for good. The others of its identifiers are linked to the primary: nobody's are attached, those of other profiles
 * bring the profiles together. What would break a limit, or was cut apart before, is dropped from the item, weakest first.
 *
 * `decide` looks and changes nothing; `execute` gives the commands. Between the two the router looks whether the item is taken at all.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { keyMessage } from '../ingest/item-envelope.ts';
import type { NameInterner } from '../ingest/name-interner.ts';
import { decodeUtf8 } from '../memory/byte-heap.ts';
import type { IdentitySettings } from '../model/identity.ts';
import type { RefusalReason } from '../model/identity-journal.ts';
import type { Identifier } from '../model/profile.ts';
import { NONE } from '../profile/event-table.ts';
import { PROFILE_IDENTIFIER_LIMIT, TYPE_ANONYMOUS_ID, TYPE_USER_ID } from '../profile/identifier-store.ts';
import type { ShardData } from '../profile/shard-data.ts';
import { areLinked } from '../shard/identity-execution.ts';
import {
  ROUTE_ATTACH_ANONYMOUS,
  ROUTE_ATTACH_EXTRA,
  ROUTE_CLAIM_ANONYMOUS,
  ROUTE_IGNORE_USER,
  ROUTE_JOIN_VISITOR,
  ROUTE_PRIMARY_EXTRA,
  ROUTE_VISITOR_STAYS,
} from '../shard/record.ts';
import type { Shard } from '../shard/shard.ts';
import { type Candidate, CandidateReader } from './candidate.ts';
import type { Directory } from './directory.ts';
import { IdentifierLimits } from './identifier-limit.ts';
import type { JoinCause, Joiner } from './joiner.ts';
import type { ProfileAddress } from './profile-address.ts';
import type { OutOfReach } from './reach.ts';

/** A candidate and its profile. */
interface Located {
  readonly candidate: Candidate;
  readonly address: ProfileAddress | undefined;
}

/** What is to be done before the item is applied, when it is more than nothing. */
interface Plan {
  /** Strongest first; the first is the primary. None was dropped. */
  readonly located: readonly Located[];
  readonly dropped: readonly { readonly candidate: Candidate; readonly reason: RefusalReason }[];
}

/** Nothing in the item identifies anybody. */
export const NOBODY = 0;
export const DECIDED = 1;
/** `outOfReach` says why. */
export const UNDECIDED = 2;
export type Decision = typeof NOBODY | typeof DECIDED | typeof UNDECIDED;

export class Resolver {
  readonly #directory: Directory;
  readonly #joiner: Joiner;
  readonly #reader: CandidateReader;
  readonly #limits: IdentifierLimits;
  /** Whether rules are such that a user id comes before a visitor's, and each may name a profile by itself. */
  readonly #isUsualOrder: boolean;
  readonly #visitorLimit: number;
  // The decision of the last `decide`, and after it `execute`.
  shard: Shard;
  /** −1 = a new profile. */
  row = -1;
  /** Code of the identifier that the item comes under, 0 = it has none yet. */
  primary = 0;
  route = 0;
  extra: Identifier[] | undefined;
  /** Identifiers of the item whose owner is to be told of the profile when the item is applied. */
  readonly forwards: Identifier[] = [];
  /** After UNDECIDED. */
  outOfReach: OutOfReach | undefined;
  /** Why identifiers were left out, one entry each. */
  readonly refusals: string[] = [];
  #plan: Plan | undefined;
  readonly #refused = (reason: string): void => {
    this.refusals.push(reason);
  };

  constructor(directory: Directory, joiner: Joiner, settings: IdentitySettings, names: NameInterner) {
    this.#directory = directory;
    this.#joiner = joiner;
    this.#reader = new CandidateReader(settings, names);
    const { rules } = this.#reader;
    this.#limits = new IdentifierLimits(rules);
    this.#isUsualOrder =
      rules.of('user_id').canMerge && rules.of('anonymous_id').canMerge && rules.compare('user_id', 'anonymous_id') < 0;
    this.#visitorLimit = Math.min(rules.of('anonymous_id').limit.value, PROFILE_IDENTIFIER_LIMIT - 1);
    this.shard = directory.shards[0];
  }

  /** `nowMs` = when it was received. */
  decide(tape: EventTape, item: number, nowMs: number): Decision {
    this.route = 0;
    this.row = -1;
    this.primary = 0;
    this.extra = undefined;
    this.#plan = undefined;
    if (this.forwards.length > 0) this.forwards.length = 0;
    if (this.refusals.length > 0) this.refusals.length = 0;
    const base = item * tapeOf.ITEM_STRIDE;
    const isAlias = tape.items[base + tapeOf.ITEM_KIND] === tapeOf.KIND_ALIAS;
    if (this.#isUsualOrder && !isAlias && !this.#reader.bringsMore(tape, item)) {
      if (this.#decideKnown(tape, base)) return DECIDED;
    }
    return this.#decideAll(tape, item, nowMs);
  }

  /** The usual case: one identifier, two that came together before, or a plain login. No string is made. False = not that. */
  #decideKnown(tape: EventTape, base: number): boolean {
    const { items, bytes } = tape;
    const user = base + tapeOf.ITEM_USER;
    const anonymous = base + tapeOf.ITEM_ANONYMOUS;
    const hasUser = items[user + 1] >= 0;
    const hasAnonymous = items[anonymous + 1] >= 0;
    const { normaliser } = this.#reader;
    if (hasUser && !normaliser.isNormal('user_id', bytes, items[user], items[user + 1])) return false;
    if (hasAnonymous && !normaliser.isNormal('anonymous_id', bytes, items[anonymous], items[anonymous + 1]))
      return false;
    const field = hasUser ? user : anonymous;
    const typeId = hasUser ? TYPE_USER_ID : TYPE_ANONYMOUS_ID;
    const { reach } = this.#directory;
    const owner = reach === undefined ? this.#ownerOfField(tape, field, hasUser) : reach.own;
    const { identifiers } = owner.data;
    const code = codeOfField(owner.data, typeId, tape, field);
    const row = code === 0 ? NONE : identifiers.rowOf(code);
    if (row === NONE) {
      if (code !== 0 && identifiers.forwardOf(code) !== undefined) return false;
      if (hasUser && hasAnonymous) {
        const other = codeOfField(owner.data, TYPE_ANONYMOUS_ID, tape, anonymous);
        if (!this.#decideFirstLogin(owner, other)) return false;
      }
      if (reach?.mayMake(tape, field, hasUser) === false) return false;
      this.shard = owner;
      return true;
    }
    if (reach?.isHeld(row) === true) return false;
    if (hasUser && hasAnonymous) {
      const other = codeOfField(owner.data, TYPE_ANONYMOUS_ID, tape, anonymous);
      if (other === 0) {
        if (!this.#isAlone || !this.#hasRoom(owner.data, row)) return false;
        this.route = ROUTE_ATTACH_ANONYMOUS;
      } else {
        const otherRow = identifiers.rowOf(other);
        if (otherRow !== row) return this.#decideLogin(owner, code, row, otherRow);
        if (!areLinked(owner.data, code, other)) return false;
      }
    }
    this.shard = owner;
    this.row = row;
    this.primary = code;
    return true;
  }

  /**
   * Somebody logs in whose user id nobody has. What a visitor did who has no other identifier becomes the user's; a visitor who is new too comes with the
   * item. False = not as plain as that.
   */
  #decideFirstLogin(owner: Shard, visitor: number): boolean {
    if (!this.#isAlone || this.#mayBeCut()) return false;
    const { data } = owner;
    if (visitor === 0) {
      this.route = ROUTE_ATTACH_ANONYMOUS;
      return true;
    }
    const row = data.identifiers.rowOf(visitor);
    if (row === NONE || data.identifierCountOf(row) !== 1) return false;
    this.route = ROUTE_CLAIM_ANONYMOUS;
    return true;
  }

  /** The user and a visitor who has no other identifier both have a profile on this shard. False = not as plain as that. */
  #decideLogin(owner: Shard, user: number, userRow: number, visitorRow: number): boolean {
    const { data } = owner;
    if (visitorRow === NONE || this.#directory.reach !== undefined) return false;
    if (data.identifierCountOf(visitorRow) !== 1 || !this.#hasRoom(data, userRow)) return false;
    const doesUserStay = this.#joiner.doesFirstStay({ shard: owner, row: userRow }, { shard: owner, row: visitorRow });
    this.route = doesUserStay ? ROUTE_JOIN_VISITOR : ROUTE_JOIN_VISITOR | ROUTE_VISITOR_STAYS;
    this.shard = owner;
    this.row = doesUserStay ? userRow : visitorRow;
    this.primary = user;
    return true;
  }

  /** Whether a user's profile takes one visitor's id more, whatever the window of the limit, and no cut stands in the way. */
  #hasRoom(data: ShardData, userRow: number): boolean {
    // All of its identifiers but the user's could be visitors'.
    return data.identifierCountOf(userRow) <= this.#visitorLimit && !this.#mayBeCut();
  }

  /** Whether any pair anywhere is. */
  #mayBeCut(): boolean {
    for (const { data } of this.#directory.shards) if (data.pairs.hasCuts) return true;
    return false;
  }

  /** Whether what this shard does not know is known nowhere. */
  get #isAlone(): boolean {
    return this.#directory.reach === undefined && this.#directory.slots.shardCount === 1;
  }

  #ownerOfField(tape: EventTape, field: number, isUser: boolean): Shard {
    const { shards, slots } = this.#directory;
    if (slots.shardCount === 1) return shards[0];
    if (isUser) return shards[slots.shardOfUser(tape.bytes, tape.items[field], tape.items[field + 1])];
    return this.#directory.ownerOf({ type: 'anonymous_id', value: fieldText(tape, field) });
  }

  #decideAll(tape: EventTape, item: number, nowMs: number): Decision {
    const base = item * tapeOf.ITEM_STRIDE;
    const isAlias = tape.items[base + tapeOf.ITEM_KIND] === tapeOf.KIND_ALIAS;
    const candidates = this.#reader.read(tape, item, this.#refused);
    const first = candidates.findIndex(({ rule }) => rule.canMerge);
    if (first < 0 || (isAlias && !this.#hasUser(tape, base))) return NOBODY;
    if (first > 0) candidates.unshift(...candidates.splice(first, 1));
    const primary = candidates[0];
    const { reach } = this.#directory;
    this.outOfReach = reach?.lacks(candidates);
    const isScannersChoice =
      primary.field === 'user' || (primary.field === 'anonymous' && tape.items[base + tapeOf.ITEM_USER + 1] < 0);
    if (!isScannersChoice) keyMessage(tape, item, primary, this.shard.hashSeed);
    if (tape.items[base + tapeOf.ITEM_USER + 1] >= 0 && !candidates.some(({ field }) => field === 'user')) {
      this.route |= ROUTE_IGNORE_USER;
    }
    if (this.outOfReach !== undefined) return UNDECIDED;
    const located = candidates.map((candidate) => ({ candidate, address: this.#directory.locate(candidate) }));
    this.#plan = this.#withinRules(located, isAlias, nowMs);
    this.outOfReach = reach?.lacksEvents(profilesOf(this.#plan.located));
    if (this.outOfReach !== undefined) return UNDECIDED;
    if (this.#plan.dropped.some(({ candidate }) => candidate.field === 'user')) this.route |= ROUTE_IGNORE_USER;
    const home = located[0].address ?? this.#plan.located.find(isStrong)?.address;
    this.shard = home?.shard ?? this.#directory.ownerOf(primary);
    this.row = home?.row ?? -1;
    return DECIDED;
  }

  /** Whether the userId identifies somebody, as it stands or in normal form. */
  #hasUser(tape: EventTape, base: number): boolean {
    return 'value' in this.#reader.normaliser.normalise('user_id', fieldText(tape, base + tapeOf.ITEM_USER));
  }

  /** Leaves out what was cut and what breaks a limit. An alias is somebody's explicit word, and knows no limit but the greatest. */
  #withinRules(all: readonly Located[], isAlias: boolean, nowMs: number): Plan {
    const [primary] = all;
    const dropped: Plan['dropped'][number][] = [];
    const located = all.filter(({ candidate, address }) => {
      // A weak identifier that another profile has says nothing.
      if (!candidate.rule.canMerge && address !== undefined && !isSame(address, primary.address)) return false;
      if (candidate === primary.candidate || !this.#joiner.isCut([primary.candidate, candidate])) return true;
      dropped.push({ candidate, reason: 'cut' });
      return false;
    });
    for (;;) {
      const added = located.filter(({ address }) => address === undefined).map(({ candidate }) => candidate);
      const fault = this.#limits.fault(profilesOf(located), added, nowMs);
      if (fault === undefined || located.length === 1 || (isAlias && fault === 'limit')) return { located, dropped };
      dropped.push({ candidate: located.pop()!.candidate, reason: fault });
    }
  }

  /** Brings together what belongs together, and settles how the item is applied. */
  execute(tape: EventTape, item: number, nowMs: number): void {
    const plan = this.#plan;
    if (plan === undefined) {
      if ((this.route & ROUTE_JOIN_VISITOR) !== 0) this.#joiner.mergeCount += 1;
      return;
    }
    const base = item * tapeOf.ITEM_STRIDE;
    const isAlias = tape.items[base + tapeOf.ITEM_KIND] === tapeOf.KIND_ALIAS;
    const cause: JoinCause = {
      reason: isAlias ? 'alias' : 'event',
      atMs: nowMs,
      messageId: fieldText(tape, base + tapeOf.ITEM_MESSAGE_ID) || undefined,
    };
    const { located, dropped } = plan;
    const primary = located[0].candidate;
    const isVisitor = tape.items[base + tapeOf.ITEM_USER + 1] < 0 || (this.route & ROUTE_IGNORE_USER) !== 0;
    let address = this.#settlePrimary(located, isVisitor, isAlias, nowMs);
    if (address !== undefined && (this.route & ROUTE_CLAIM_ANONYMOUS) === 0) {
      for (const { candidate, address: other } of located) {
        if (candidate === primary || other === undefined) continue;
        address = this.#joiner.join(identifierOf(primary), identifierOf(candidate), cause);
      }
      if (isAlias) this.#rename(address, primary);
    }
    this.shard = address?.shard ?? this.#directory.ownerOf(primary);
    this.row = (this.route & ROUTE_CLAIM_ANONYMOUS) === 0 ? (address?.row ?? -1) : -1;
    this.primary = this.row < 0 ? 0 : this.shard.data.codeOf(primary);
    this.#attachNew(located, address);
    this.#noteDropped(dropped, primary, address, cause);
  }

  /** Where the item's profile is, with the primary in it; undefined = a new one. */
  #settlePrimary(
    located: readonly Located[],
    isVisitor: boolean,
    isAlias: boolean,
    nowMs: number,
  ): ProfileAddress | undefined {
    const [{ candidate: primary, address }] = located;
    if (primary.field === undefined || (primary.field === 'anonymous' && !isVisitor)) {
      this.route |= ROUTE_PRIMARY_EXTRA;
      this.extra = [identifierOf(primary)];
    }
    if (address !== undefined) return address;
    const best = located.find(isStrong);
    if (best === undefined) {
      this.#forwardLater(primary, this.#directory.ownerOf(primary));
      return undefined;
    }
    const home = best.address!;
    const isOnly = located.every((other) => other === best || other.address === undefined);
    if (isOnly && !isAlias && primary.field === 'user' && best.candidate.field === 'anonymous') {
      // A visitor becomes a customer: the item itself says all.
      this.route |= ROUTE_CLAIM_ANONYMOUS;
      this.#forwardLater(primary, home.shard);
      return home;
    }
    this.#joiner.attach(home, identifierOf(best.candidate), [identifierOf(primary)], nowMs);
    return home;
  }

  /** What nobody has comes with the item. */
  #attachNew(located: readonly Located[], address: ProfileAddress | undefined): void {
    const home = address?.shard ?? this.shard;
    for (let i = 1; i < located.length; i++) {
      const { candidate, address: known } = located[i];
      if (known !== undefined) continue;
      if (!this.#acceptsType(candidate, home)) continue;
      if (candidate.field === 'anonymous') {
        this.route |= ROUTE_ATTACH_ANONYMOUS;
      } else {
        this.route |= ROUTE_ATTACH_EXTRA;
        this.extra ??= [];
        this.extra.push(identifierOf(candidate));
      }
      this.#forwardLater(candidate, home);
    }
  }

  #acceptsType(identifier: Identifier, home: Shard): boolean {
    const { type } = identifier;
    return (
      home.data.identifiers.acceptsType(type) && this.#directory.ownerOf(identifier).data.identifiers.acceptsType(type)
    );
  }

  #forwardLater(identifier: Identifier, home: Shard): void {
    if (this.#directory.ownerOf(identifier) !== home) this.forwards.push(identifier);
  }

  /** An alias' new id names the profile. */
  #rename({ shard, row }: ProfileAddress, identifier: Identifier): void {
    if (shard.data.profiles.primaries.get(row) === shard.data.codeOf(identifier)) return;
    this.#joiner.command(shard, { kind: 'rename', identifier: identifierOf(identifier) });
  }

  #noteDropped(
    dropped: Plan['dropped'],
    primary: Identifier,
    address: ProfileAddress | undefined,
    cause: JoinCause,
  ): void {
    for (const { candidate, reason } of dropped) {
      this.refusals.push(`identifier_${reason}`);
      const pair = [identifierOf(primary), identifierOf(candidate)] as const;
      if (address !== undefined) this.#joiner.refuse(address, pair, reason, cause);
      else this.#unnoted.push({ pair, reason, cause });
    }
  }

  readonly #unnoted: {
    readonly pair: readonly [Identifier, Identifier];
    readonly reason: RefusalReason;
    readonly cause: JoinCause;
  }[] = [];

  /** To be called when the item is applied: refusals are written into the journal of the profile that it made. */
  finish(): void {
    for (const { pair, reason, cause } of this.#unnoted) {
      const address = this.#directory.locate(pair[0]);
      if (address !== undefined) this.#joiner.refuse(address, pair, reason, cause);
    }
    this.#unnoted.length = 0;
  }
}

/** 0 = nobody has what stands in that field of the tape's item. */
function codeOfField({ identifiers }: ShardData, typeId: number, { bytes, items }: EventTape, field: number): number {
  return identifiers.find(typeId, bytes, items[field], items[field + 1], items[field + 2]);
}

function isStrong({ candidate, address }: Located): boolean {
  return address !== undefined && candidate.rule.canMerge;
}

function isSame(a: ProfileAddress, b: ProfileAddress | undefined): boolean {
  return b !== undefined && a.shard === b.shard && a.row === b.row;
}

function profilesOf(located: readonly Located[]): ProfileAddress[] {
  const found: ProfileAddress[] = [];
  for (const { address } of located) {
    if (address !== undefined && !found.some((other) => isSame(address, other))) found.push(address);
  }
  return found;
}

function identifierOf({ type, value }: Identifier): Identifier {
  return { type, value };
}

export function fieldText(tape: EventTape, field: number): string {
  const length = tape.items[field + 1];
  return length < 0 ? '' : decodeUtf8(tape.bytes, tape.items[field], length);
}
