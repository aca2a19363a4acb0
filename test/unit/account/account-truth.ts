/**
 * Accounts and who is in them, worked out anew for every question from the list of all calls that were sent: no index, no shards, no
 * increments. People are numbers; who has become one person is told by the test.
 */
import type { JsonObject } from '../../oracle/naive/json-value.ts';
import { mergeTraits } from '../../oracle/naive/trait-merge.ts';

export interface GroupCall {
  readonly kind: 'joined' | 'left';
  readonly person: number;
  readonly group: string;
  readonly timeMs: number;
  readonly messageId: string;
  readonly traits: JsonObject;
}

export interface TrueAccount {
  readonly id: string;
  readonly traits: JsonObject;
  readonly firstMs: number;
  readonly lastMs: number;
}

export class AccountTruth {
  readonly calls: GroupCall[] = [];
  readonly #became = new Map<number, number>();

  merge(loser: number, winner: number): void {
    this.#became.set(this.personOf(loser), this.personOf(winner));
  }

  personOf(person: number): number {
    const next = this.#became.get(person);
    return next === undefined ? person : this.personOf(next);
  }

  accounts(): TrueAccount[] {
    const ids = [...new Set(this.calls.filter(({ kind }) => kind === 'joined').map(({ group }) => group))];
    return ids.map((id) => {
      const calls = this.calls
        .filter(({ kind, group }) => kind === 'joined' && group === id)
        .sort((a, b) => a.timeMs - b.timeMs || (a.messageId < b.messageId ? -1 : 1));
      const traits = calls.reduce((merged, call) => mergeTraits(merged, call.traits), {} as JsonObject);
      return { id, traits, firstMs: calls[0].timeMs, lastMs: calls[calls.length - 1].timeMs };
    });
  }

  /** Ids of the accounts that the person is in. */
  accountsOf(person: number): Set<string> {
    const newest = new Map<string, GroupCall>();
    for (const call of this.calls) {
      if (this.personOf(call.person) !== this.personOf(person)) continue;
      const known = newest.get(call.group);
      if (known === undefined || known.timeMs < call.timeMs) newest.set(call.group, call);
    }
    return new Set([...newest.values()].filter(({ kind }) => kind === 'joined').map(({ group }) => group));
  }
}

export function matches(found: readonly boolean[], match: 'any' | 'all' | 'none'): boolean {
  if (match === 'all') return found.length > 0 && found.every(Boolean);
  return found.some(Boolean) === (match === 'any');
}
