/**
 * The accounts as a table of their own: a row an account, its traits in columns as those of people are, so the whole language can be
 * asked of them. Nothing of it is saved: it is derived from the group calls of all shards.
 *
 * An account's traits are a fold over its calls by time, then by message id, then by what they say: an order that does not hang
 * on which shard a call is on, and in which the same call, come twice to a merged profile, counts once. A call that is not
 * older than all before it is applied at once; after one that is, the account is folded anew.
 *
 * A call costs 10 bytes here, an account its row and its values.
 */
import { xxh32 } from '../../base/hash.ts';
import { ROOT_TRAITS } from '../../ingest/name-interner.ts';
import { SlabMemory } from '../../memory/slab-memory.ts';
import { TYPE_USER_ID } from '../../profile/identifier-store.ts';
import { ShardData } from '../../profile/shard-data.ts';
import { AccountCalls, type CallSource, type CallTrait } from './account-calls.ts';
import type { LearnedAccounts } from './learned-accounts.ts';

const NONE = -1;

/** A trait, and its path in the table. */
interface TraitSource extends CallTrait {
  readonly path: number;
}

export class AccountTable implements LearnedAccounts {
  readonly data: ShardData;
  readonly #calls: AccountCalls;
  /** By account: number of the newest call that was folded. */
  readonly #newest: number[] = [];
  readonly #unfolded = new Set<number>();
  /** Accounts without any call left. */
  readonly #empty = new Set<number>();
  readonly #traits: TraitSource[] = [];

  constructor(sources: readonly CallSource[]) {
    const { names, hashSeed } = sources[0].data;
    const memory = new SlabMemory();
    this.data = new ShardData(memory, names, { dedup: { windowMs: 1, count: 2 }, cacheSizeBytes: 0, hashSeed });
    this.#calls = new AccountCalls(sources, memory);
  }

  /** Numbers given out; some may be empty. */
  get count(): number {
    return this.#calls.accountCount;
  }

  get emptyAccounts(): ReadonlySet<number> {
    return this.#empty;
  }

  idOf(account: number): string {
    return this.#calls.idOf(account);
  }

  find(id: string): number | undefined {
    return this.#calls.find(id);
  }

  findOrAdd(id: string, timeMs: number): number {
    const known = this.#calls.find(id);
    if (known !== undefined) return known;
    const account = addAccountRow(this.data, id, timeMs);
    this.#calls.addAccount(id);
    this.#newest.push(NONE);
    this.#empty.add(account);
    return account;
  }

  add(account: number, shard: number, index: number, isOfMany: boolean): void {
    const call = this.#calls.add(account, shard, index);
    if (this.#unfolded.has(account)) return;
    const newest = this.#newest[account];
    if (isOfMany) this.#unfolded.add(account);
    else if (newest === NONE || this.#calls.compare(newest, call) <= 0) this.#apply(account, call);
    else this.#unfolded.add(account);
  }

  foldLater(account: number): void {
    this.#unfolded.add(account);
  }

  /** Folds one account that waits for it; gives how many calls it had, undefined when none waits. */
  foldNext(): number | undefined {
    for (const account of this.#unfolded) {
      this.#unfolded.delete(account);
      return this.#fold(account);
    }
    return undefined;
  }

  visitPeople(account: number, visit: (shard: number, row: number) => void): void {
    for (const call of this.#calls.livingOf(account)) visit(this.#calls.shardOf(call), this.#calls.rowOf(call));
  }

  #fold(account: number): number {
    const calls = this.#calls.livingOf(account);
    this.data.profiles.clearTraits(account);
    this.#newest[account] = NONE;
    this.#empty.add(account);
    if (calls.length === 0) return 0;
    calls.sort((a, b) => this.#calls.compare(a, b));
    for (const call of calls) this.#see(account, call);
    const { profiles, names } = this.data;
    const traits = this.#knownTraits();
    // Of a trait that stands alone only the newest value matters; the others are set one over the other.
    const nested = traits.filter(({ path }) => !profiles.isAlone(path, names));
    for (const call of calls) this.#setTraits(account, call, nested);
    for (const trait of traits) if (!nested.includes(trait)) this.#setNewest(account, calls, trait);
    return calls.length;
  }

  #apply(account: number, call: number): void {
    this.#see(account, call);
    this.#setTraits(account, call, this.#knownTraits());
  }

  #see(account: number, call: number): void {
    const { profiles } = this.data;
    const timeMs = this.#calls.timeOf(call);
    if (this.#newest[account] === NONE) {
      profiles.firstSeen.set(account, timeMs);
      profiles.lastSeen.set(account, timeMs);
      this.#empty.delete(account);
    } else {
      profiles.see(account, timeMs);
    }
    this.#newest[account] = call;
  }

  #setTraits(account: number, call: number, traits: readonly TraitSource[]): void {
    const { profiles, names, hashSeed } = this.data;
    const shard = this.#calls.shardOf(call);
    const index = this.#calls.indexOf(call);
    for (const { path, columns } of traits) {
      const column = columns[shard];
      if (column !== undefined) profiles.setTraitFrom(account, path, column, index, names, hashSeed);
    }
  }

  #setNewest(account: number, calls: readonly number[], { path, columns }: TraitSource): void {
    const { profiles, names, hashSeed } = this.data;
    for (let i = calls.length - 1; i >= 0; i--) {
      const column = columns[this.#calls.shardOf(calls[i])];
      const index = this.#calls.indexOf(calls[i]);
      if (column === undefined || !column.has(index)) continue;
      return profiles.setTraitFrom(account, path, column, index, names, hashSeed);
    }
  }

  /** All columns before any is looked at: which are above and below which must be known. */
  #knownTraits(): readonly TraitSource[] {
    const { profiles, names } = this.data;
    const known = this.#calls.traits();
    while (this.#traits.length < known.length) {
      const { segments, columns } = known[this.#traits.length];
      const path = names.path(ROOT_TRAITS, segments);
      profiles.columnAt(path, names);
      this.#traits.push({ path, segments, columns });
    }
    return this.#traits;
  }
}

/** An account is named as a user is, by its key alone. */
export function addAccountRow(data: ShardData, id: string, timeMs: number): number {
  const bytes = Buffer.from(id, 'utf8');
  const hash = xxh32(bytes, 0, bytes.length, data.hashSeed);
  return data.addProfile(TYPE_USER_ID, bytes, 0, bytes.length, hash, timeMs);
}
