/**
 * What one shard knows of accounts, for a process that puts together what all shards know: a page at a time, and after the first time only the
 * accounts that changed. Of an account go over the calls that still matter (`kept-calls.ts`), the times of its first and last call, and how many
 * people of this shard are in it; so a page costs accounts, not calls and not people.
 *
 * Accounts and paths are numbers of this shard, good for as long as it lives (`life`). Nothing here is changed by being asked.
 */
import { SlabMemory } from '../../memory/slab-memory.ts';
import { AccountCalls, type CallSource } from './account-calls.ts';
import { ChangeOrder } from './change-order.ts';
import { keptCalls } from './kept-calls.ts';
import type { LearnedAccounts } from './learned-accounts.ts';
import { packCalls } from './said-trait.ts';

/** How far the asker has come. */
export interface FeedPosition {
  /** Of what it knows; '' = nothing. */
  readonly life: string;
  /** Number of the last change. */
  readonly since: number;
  /** How many paths it knows. */
  readonly paths: number;
}

/** Accounts side by side. */
export interface FeedPage {
  readonly life: string;
  /** `since` of the next page. */
  readonly upTo: number;
  /** Whether that is everything, as of this turn. */
  readonly isLast: boolean;
  /** Those that the asker lacks. */
  readonly paths: readonly (readonly string[])[];
  readonly accounts: Uint32Array;
  readonly ids: readonly string[];
  /** NaN of an account of which no call is left here. */
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
  readonly people: Uint32Array;
  /** Where each account's bytes end. */
  readonly ends: Uint32Array;
  readonly calls: Uint8Array;
}

const PAGE_SIZE_BYTES = 1024 * 1024;
const PAGE_ACCOUNTS_MAX = 4_096;
/** Calls looked at for one page, some milliseconds. */
const PAGE_CALLS_MAX = 10_000;

interface Standing {
  kept: number[];
  firstMs: number;
  lastMs: number;
  /** Calls that came since. */
  readonly fresh: number[];
}

export class AccountFeed implements LearnedAccounts {
  readonly life: string;
  readonly #calls: AccountCalls;
  readonly #changes = new ChangeOrder();
  /** By account; absent = to be worked out from all its calls. */
  readonly #standings: (Standing | undefined)[] = [];

  constructor(sources: readonly CallSource[], life: string) {
    this.#calls = new AccountCalls(sources, new SlabMemory());
    this.life = life;
  }

  get count(): number {
    return this.#calls.accountCount;
  }

  find(id: string): number | undefined {
    return this.#calls.find(id);
  }

  findOrAdd(id: string): number {
    const known = this.#calls.find(id);
    if (known !== undefined) return known;
    this.#standings.push(undefined);
    return this.#calls.addAccount(id);
  }

  add(account: number, shard: number, index: number): void {
    const call = this.#calls.add(account, shard, index);
    this.#standings[account]?.fresh.push(call);
    this.#changes.note(account);
  }

  foldLater(account: number): void {
    this.#standings[account] = undefined;
    this.#changes.note(account);
  }

  foldNext(): undefined {
    return undefined;
  }

  peopleChanged(account: number): void {
    this.#changes.note(account);
  }

  visitPeople(account: number, visit: (shard: number, row: number) => void): void {
    for (const call of this.#calls.livingOf(account)) visit(this.#calls.shardOf(call), this.#calls.rowOf(call));
  }

  /** What changed, as of this turn; `peopleCountOf`: of the book. */
  page(asked: FeedPosition, peopleCountOf: (account: number) => number): FeedPage {
    const isKnown = asked.life === this.life;
    const accounts: number[] = [];
    const ids: string[] = [];
    const [firstMs, lastMs, people, ends]: [number[], number[], number[], number[]] = [[], [], [], []];
    const pieces: Uint8Array[] = [];
    let upTo = isKnown ? asked.since : 0;
    let size = 0;
    let callCount = 0;
    let isLast = true;
    for (const [account, number] of this.#changes.since(upTo)) {
      if (size >= PAGE_SIZE_BYTES || accounts.length === PAGE_ACCOUNTS_MAX || callCount >= PAGE_CALLS_MAX) {
        isLast = false;
        break;
      }
      const { standing, lookedAt } = this.#standingOf(account);
      callCount += lookedAt;
      const bytes = packCalls(this.#calls, standing.kept);
      size += bytes.length;
      pieces.push(bytes);
      accounts.push(account);
      ids.push(this.#calls.idOf(account));
      firstMs.push(standing.firstMs);
      lastMs.push(standing.lastMs);
      people.push(peopleCountOf(account));
      ends.push(size);
      upTo = number;
    }
    return {
      life: this.life,
      upTo,
      isLast,
      paths: this.#calls
        .traits()
        .slice(isKnown ? asked.paths : 0)
        .map(({ segments }) => segments),
      accounts: Uint32Array.from(accounts),
      ids,
      firstMs: Float64Array.from(firstMs),
      lastMs: Float64Array.from(lastMs),
      people: Uint32Array.from(people),
      ends: Uint32Array.from(ends),
      calls: Buffer.concat(pieces),
    };
  }

  #standingOf(account: number): { readonly standing: Standing; readonly lookedAt: number } {
    const known = this.#standings[account];
    const calls = known === undefined ? this.#calls.livingOf(account) : [...known.kept, ...known.fresh];
    if (known?.fresh.length === 0) return { standing: known, lookedAt: 1 };
    let firstMs = known?.firstMs ?? Number.NaN;
    let lastMs = known?.lastMs ?? Number.NaN;
    for (const call of known?.fresh ?? calls) {
      const timeMs = this.#calls.timeOf(call);
      if (!(timeMs >= firstMs)) firstMs = timeMs;
      if (!(timeMs <= lastMs)) lastMs = timeMs;
    }
    const standing: Standing = { kept: keptCalls(this.#calls, calls), firstMs, lastMs, fresh: [] };
    this.#standings[account] = standing;
    return { standing, lookedAt: 1 + calls.length };
  }
}
