/**
 * Finds out for a step, over other shards, who has its identifiers, and keeps them as they are meanwhile. Forwards are followed; what is refused because
 * another step has it in hand ends the attempt: the caller lets go of everything and begins again.
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
import type { LockTable } from './lock-table.ts';
import { StepFacts } from './step-facts.ts';

const HOPS_MAX = 8;
const CLAIM_TIMEOUT_MS = 5_000;

/** One item's lack, with its message id if it has one. */
export interface Lack extends OutOfReach {
  readonly message?: WireMessage | undefined;
}

export interface ClaimsParts {
  readonly own: Shard;
  readonly slots: SlotMap;
  readonly locks: LockTable;
  readonly peers: Peers;
}

/** What one shard is asked for in one round. */
interface Ask {
  readonly identifiers: Map<string, Identifier>;
  readonly whole: Map<string, Identifier>;
  readonly pairs: IdentifierPair[];
  readonly messages: WireMessage[];
}

export class Claims {
  readonly facts: StepFacts;
  readonly #parts: ClaimsParts;
  readonly #atMs: number;
  readonly #isWhole: boolean;

  /** `isWhole`: every profile is fetched with all its events. */
  constructor(holder: string, atMs: number, parts: ClaimsParts, isWhole = false) {
    this.facts = new StepFacts(holder);
    this.#parts = parts;
    this.#atMs = atMs;
    this.#isWhole = isWhole;
  }

  /** False: another step has something of it in hand. Errors: shard_unavailable and what else a call may end with. */
  async take(lacks: readonly Lack[]): Promise<boolean> {
    if (!this.#takeHere(lacks)) return false;
    let asks = this.#asksOf(lacks);
    for (let hop = 0; asks.size > 0; hop++) {
      if (hop > HOPS_MAX) return false;
      const answers = await Promise.all(
        [...asks].map(async ([shard, ask]) => [shard, ask, await this.#ask(shard, ask)] as const),
      );
      if (answers.some(([, , answer]) => answer.isBusy)) return false;
      const next = new Map<number, Ask>();
      for (const [shard, ask, answer] of answers) {
        const identifiers = [...ask.identifiers.values()];
        const further = this.facts.add(shard, identifiers, ask.pairs, ask.messages, answer);
        for (const { identifier, target } of further) this.#follow(next, shard, identifier, target, ask.messages);
      }
      asks = next;
    }
    return true;
  }

  /** Locks what of it is on this shard. */
  #takeHere(lacks: readonly Lack[]): boolean {
    const { own, locks } = this.#parts;
    const all = new Map(lacks.flatMap(({ identifiers }) => identifiers.map((one) => [textOf(one), one] as const)));
    const rows: number[] = [];
    for (const identifier of all.values()) {
      const row = own.rowOf(identifier);
      if (typeof row === 'number' && row >= 0) rows.push(row);
    }
    return locks.take(this.facts.holder, [...all.keys()], rows);
  }

  #asksOf(lacks: readonly Lack[]): Map<number, Ask> {
    const { own, slots } = this.#parts;
    const asks = new Map<number, Ask>();
    for (const { unknown, incomplete, pairs, message } of lacks) {
      for (const identifier of unknown) {
        const at = own.rowOf(identifier);
        const shard = slots.shardOf(typeof at === 'number' ? identifier : at);
        if (shard === own.index) continue;
        const ask = askOf(asks, shard);
        ask.identifiers.set(textOf(identifier), identifier);
        if (message !== undefined) ask.messages.push(message);
      }
      for (const identifier of incomplete) {
        const shard = this.#shardOfFetched(identifier);
        const ask = askOf(asks, shard);
        ask.identifiers.set(textOf(identifier), identifier);
        ask.whole.set(textOf(identifier), identifier);
      }
      for (const pair of pairs) askOf(asks, slots.shardOf(pairKey(pair))).pairs.push(pair);
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

  /** The identifier's profile lives further on. */
  #follow(
    next: Map<number, Ask>,
    from: number,
    identifier: Identifier,
    target: Identifier,
    messages: readonly WireMessage[],
  ): void {
    const { own, slots } = this.#parts;
    const shard = slots.shardOf(target);
    // Here it would be known, and a forward to itself leads nowhere.
    if (shard === own.index || shard === from) return this.facts.settle(identifier);
    const ask = askOf(next, shard);
    ask.identifiers.set(textOf(identifier), identifier);
    if (ask.messages.length === 0) ask.messages.push(...messages);
  }

  async #ask(shard: number, { identifiers, whole, pairs, messages }: Ask): Promise<ClaimAnswer> {
    const { peers } = this.#parts;
    const session = peers.session(shard);
    const before = this.facts.sessions.get(shard);
    if (session === undefined || (before !== undefined && before !== session)) throw unavailable(shard);
    this.facts.sessions.set(shard, session);
    const request: ClaimRequest = {
      holder: this.facts.holder,
      identifiers: [...identifiers.values()].map(wireOf),
      whole: [...(this.#isWhole ? identifiers : whole).values()].map(wireOf),
      pairs: pairs.map(([a, b]) => [wireOf(a), wireOf(b)]),
      messages,
      atMs: this.#atMs,
    };
    return peers.call<ClaimAnswer>(shard, 'claim', request, { timeoutMs: CLAIM_TIMEOUT_MS });
  }

  /** Whether every shard still keeps what was claimed there. */
  get isStanding(): boolean {
    const { peers } = this.#parts;
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

  /** But on shards that get a part of the step: these let go when they have done it. */
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

function askOf(asks: Map<number, Ask>, shard: number): Ask {
  let ask = asks.get(shard);
  if (ask === undefined) {
    ask = { identifiers: new Map(), whole: new Map(), pairs: [], messages: [] };
    asks.set(shard, ask);
  }
  return ask;
}
