/**
 * Finds out for a step, over other shards, who has its identifiers, and keeps them as they are meanwhile. Forwards are followed; what is refused because
 * another step has it in hand ends the attempt: the caller lets go of everything and begins again.
 *
 * Invariants: that nobody has an identifier is only believed of the owner of its slot. A pair is asked for when both of its ends are kept: a step that
 * cuts it would need them.
 */
import type { Identifier } from '../../model/profile.ts';
import { pairKey } from '../../router/joiner.ts';
import type { OutOfReach } from '../../router/reach.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { IdentifierPair } from '../../shard/identity-command.ts';
import { textOf } from '../../shard/identity-entry.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Peers } from '../peers.ts';
import { type ClaimAnswer, type ClaimRequest, unavailable, type WireMessage, wireOf } from './claim.ts';
import { type Lead, leadOf } from './lead.ts';
import type { LockTable } from './lock-table.ts';
import { pairText, StepFacts } from './step-facts.ts';

const HOPS_MAX = 64;
const CLAIM_TIMEOUT_MS = 5_000;

export interface ClaimsParts {
  readonly own: Shard;
  readonly slots: SlotMap;
  readonly locks: LockTable;
  readonly peers: Peers;
}

/** What one shard is asked for in one round. */
interface Ask {
  readonly identifiers: Map<string, Identifier>;
  /** What led there. */
  readonly by: Map<string, Identifier>;
  readonly whole: Map<string, Identifier>;
  readonly pairs: IdentifierPair[];
}

export class Claims {
  readonly facts: StepFacts;
  readonly #parts: ClaimsParts;
  readonly #atMs: number;
  readonly #isWhole: boolean;
  /** Of the map by which owners are asked. */
  readonly #epoch: number;
  /** Of all identifiers that the step is about. */
  readonly #texts = new Set<string>();
  /** Of all items that the step may apply. */
  #messages: readonly WireMessage[] = [];

  /** `isWhole`: every profile is fetched with all its events. */
  constructor(holder: string, atMs: number, parts: ClaimsParts, isWhole = false) {
    this.facts = new StepFacts(holder);
    this.#parts = parts;
    this.#atMs = atMs;
    this.#isWhole = isWhole;
    this.#epoch = parts.slots.epoch;
  }

  /** To be called before anything is taken: whether these came before is asked of every shard, since their people may turn out to be anywhere. */
  useMessages(messages: readonly WireMessage[]): void {
    this.#messages = messages;
  }

  /** False: another step has something of it in hand. Errors: shard_unavailable and what else a call may end with. */
  async take(lacks: readonly OutOfReach[]): Promise<boolean> {
    if (!this.#takeHere(lacks)) return false;
    let asks = this.#asksOf(lacks);
    for (let hop = 0; asks.size > 0; hop++) {
      if (hop > HOPS_MAX) return false;
      const next = new Map<number, Ask>();
      for (const [shard, ask, answer] of await this.#askAll(asks)) {
        if (answer.isBusy) return false;
        const identifiers = [...ask.identifiers.values()];
        const further = this.facts.add(shard, identifiers, ask.pairs, this.#messages, answer);
        for (const { identifier, target } of further) {
          if (!this.#follow(next, shard, identifier, target)) return false;
        }
      }
      asks = next;
    }
    return this.#takePairs(lacks);
  }

  async #takePairs(lacks: readonly OutOfReach[]): Promise<boolean> {
    const { slots, own } = this.#parts;
    const asks = new Map<number, Ask>();
    for (const pair of lacks.flatMap(({ pairs }) => pairs)) {
      const shard = slots.shardOf(pairKey(pair));
      if (shard !== own.index && !this.facts.pairs.has(pairText(pair))) askOf(asks, shard).pairs.push(pair);
    }
    for (const [shard, { pairs }, answer] of await this.#askAll(asks)) {
      if (answer.isBusy) return false;
      this.facts.add(shard, [], pairs, this.#messages, answer);
    }
    return true;
  }

  #askAll(asks: ReadonlyMap<number, Ask>): Promise<(readonly [number, Ask, ClaimAnswer])[]> {
    return Promise.all([...asks].map(async ([shard, ask]) => [shard, ask, await this.#ask(shard, ask)] as const));
  }

  /** Locks what of it is on this shard. */
  #takeHere(lacks: readonly OutOfReach[]): boolean {
    const { own, locks } = this.#parts;
    const all = new Map(lacks.flatMap(({ identifiers }) => identifiers.map((one) => [textOf(one), one] as const)));
    const rows: number[] = [];
    for (const [text, identifier] of all) {
      this.#texts.add(text);
      const row = own.rowOf(identifier);
      if (typeof row === 'number' && row >= 0) rows.push(row);
    }
    return locks.take(this.facts.holder, [...all.keys()], rows);
  }

  #asksOf(lacks: readonly OutOfReach[]): Map<number, Ask> {
    const { own, slots } = this.#parts;
    const asks = new Map<number, Ask>();
    for (const { unknown, incomplete } of lacks) {
      for (const identifier of unknown) {
        const owner = slots.shardOf(identifier);
        const lead = owner === own.index ? leadOf(own, slots, identifier) : { to: owner };
        if (typeof lead === 'object') addTo(asks, lead, identifier);
      }
      for (const identifier of incomplete) {
        const ask = askOf(asks, this.#shardOfFetched(identifier));
        ask.identifiers.set(textOf(identifier), identifier);
        ask.whole.set(textOf(identifier), identifier);
      }
    }
    return asks;
  }

  #shardOfFetched(identifier: Identifier): number {
    for (const { shard, parcel } of this.facts.profiles.values()) {
      if (parcel.identifiers.some(([type, value]) => type === identifier.type && value === identifier.value))
        return shard;
    }
    throw new Error('a profile that was not fetched is incomplete');
  }

  /** The identifier's profile lives further on. False: it is on its way, or has left with a slot that the map here does not have elsewhere yet. */
  #follow(next: Map<number, Ask>, from: number, identifier: Identifier, target: Identifier): boolean {
    const { own, slots } = this.#parts;
    const to = slots.shardOf(target);
    const here = own.rowOf(identifier);
    if (typeof here === 'number' && here >= 0) return true;
    // What this shard remembers of one whose slot is elsewhere may be untrue since a cut, of which owners are told.
    const lead = to === own.index ? leadOf(own, slots, identifier, target) : { to, by: target };
    if (typeof lead !== 'object' || lead.to === from) return false;
    const isFromOwner = slots.shardOf(identifier) === from && lead.by === target;
    if (!isFromOwner) this.facts.detours.push(identifier);
    addTo(next, lead, identifier);
    return true;
  }

  async #ask(shard: number, { identifiers, by, whole, pairs }: Ask): Promise<ClaimAnswer> {
    const { peers } = this.#parts;
    const session = peers.session(shard);
    const before = this.facts.sessions.get(shard);
    if (session === undefined || (before !== undefined && before !== session)) throw unavailable(shard);
    this.facts.sessions.set(shard, session);
    const request: ClaimRequest = {
      holder: this.facts.holder,
      texts: [...this.#texts],
      identifiers: [...identifiers.values()].map(wireOf),
      by: [...identifiers.keys()].map((text) => {
        const one = by.get(text);
        return one === undefined ? null : wireOf(one);
      }),
      whole: [...(this.#isWhole ? identifiers : whole).values()].map(wireOf),
      pairs: pairs.map(([a, b]) => [wireOf(a), wireOf(b)]),
      messages: this.#messages,
      atMs: this.#atMs,
      epoch: this.#epoch,
    };
    return peers.call<ClaimAnswer>(shard, 'claim', request, { timeoutMs: CLAIM_TIMEOUT_MS });
  }

  /** Whether every shard still keeps what was claimed there, and slots are still theirs. */
  get isStanding(): boolean {
    const { peers, slots } = this.#parts;
    if (slots.ownersEpoch > this.#epoch) return false;
    return [...this.facts.sessions].every(([shard, session]) => peers.session(shard) === session);
  }

  /** Lets go of everything. */
  release(): void {
    this.releaseHere();
    this.releaseElsewhere(new Set());
  }

  releaseHere(): void {
    this.#parts.locks.release(this.facts.holder);
  }

  /** But on shards that get a part of the step: these keep what it is about until all of them have theirs. */
  releaseElsewhere(except: ReadonlySet<number>): void {
    const { peers } = this.#parts;
    const { holder, sessions } = this.facts;
    for (const shard of sessions.keys()) {
      if (except.has(shard)) continue;
      // A shard that cannot be told lets go when the link is made again.
      peers.call(shard, 'release', { holder }, { timeoutMs: CLAIM_TIMEOUT_MS }).catch(() => undefined);
    }
  }
}

function addTo(asks: Map<number, Ask>, { to, by }: Exclude<Lead, number | string>, identifier: Identifier): void {
  const ask = askOf(asks, to);
  ask.identifiers.set(textOf(identifier), identifier);
  if (by !== undefined) ask.by.set(textOf(identifier), by);
}

function askOf(asks: Map<number, Ask>, shard: number): Ask {
  let ask = asks.get(shard);
  if (ask === undefined) {
    ask = { identifiers: new Map(), by: new Map(), whole: new Map(), pairs: [] };
    asks.set(shard, ask);
  }
  return ask;
}
