/** What was claimed from other shards for one step, as it comes in. */
import type { Identifier } from '../../model/profile.ts';
import type { IdentifierPair } from '../../shard/identity-command.ts';
import { textOf } from '../../shard/identity-entry.ts';
import type { ClaimAnswer, ClaimedProfile, WireMessage } from './claim.ts';
import { identifierOf } from './claim.ts';

export interface FetchedProfile extends ClaimedProfile {
  readonly shard: number;
}

export interface FetchedForward {
  readonly shard: number;
  readonly identifier: Identifier;
  readonly target: Identifier;
}

export class StepFacts {
  readonly holder: string;
  /** By shard and the profile's first identifier. */
  readonly profiles = new Map<string, FetchedProfile>();
  readonly forwards = new Map<string, FetchedForward>();
  /** Found by way of more than one forward. */
  readonly detours: Identifier[] = [];
  readonly pairs = new Map<string, { readonly shard: number; readonly pair: IdentifierPair; readonly flags: number }>();
  readonly knownMessages: { readonly shard: number; readonly message: WireMessage }[] = [];
  /** Connection over which each shard was asked: what was locked over another is not locked any more. */
  readonly sessions = new Map<number, number>();
  readonly #known = new Set<string>();

  constructor(holder: string) {
    this.holder = holder;
  }

  /** Whether it was found out who has the identifier, if anybody. */
  isKnown(text: string): boolean {
    return this.#known.has(text);
  }

  /** Gives identifiers that live further on, with where that is by `shardOf`. */
  add(
    shard: number,
    identifiers: readonly Identifier[],
    pairs: readonly IdentifierPair[],
    messages: readonly WireMessage[],
    answer: ClaimAnswer,
  ): FetchedForward[] {
    for (const profile of answer.profiles) {
      const [type, value] = profile.parcel.identifiers[0];
      const key = `${shard}\u0000${type}:${value}`;
      const before = this.profiles.get(key);
      if (before === undefined || profile.isWhole) this.profiles.set(key, { ...profile, shard });
      // All of its identifiers are there, and kept as they are.
      for (const identifier of profile.parcel.identifiers)
        this.#known.add(textOf(identifierOf([identifier[0], identifier[1]])));
    }
    const further: FetchedForward[] = [];
    answer.states.forEach((state, i) => {
      const identifier = identifiers[i];
      const text = textOf(identifier);
      if (typeof state === 'number' || state.length === 0) {
        this.#known.add(text);
        return;
      }
      const forward = { shard, identifier, target: identifierOf(state[0]) };
      this.forwards.set(text, forward);
      further.push(forward);
    });
    answer.pairs.forEach((flags, i) => {
      this.pairs.set(pairText(pairs[i]), { shard, pair: pairs[i], flags });
    });
    for (const place of answer.known) this.knownMessages.push({ shard, message: messages[place] });
    return further;
  }
}

export function pairText([a, b]: IdentifierPair): string {
  return `${textOf(a)}\u0000${textOf(b)}`;
}
