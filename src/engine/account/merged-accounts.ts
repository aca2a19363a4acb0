/**
 * The accounts of all shards of a cluster as a table, put together from what each shard's feed tells: a row an account, its traits in columns,
 * so the whole language can be asked of it. What a shard told of an account is kept, packed, so that one that changes is folded anew without
 * asking the others. The fold is that of `AccountTable`, over the calls that matter.
 *
 * An account costs its row, its values, and what each shard with people of it told: some hundred bytes and its values again.
 */
import { RowSet } from '../../bitmap/row-set.ts';
import { NameInterner, ROOT_TRAITS } from '../../ingest/name-interner.ts';
import { SlabMemory } from '../../memory/slab-memory.ts';
import { ShardData } from '../../profile/shard-data.ts';
import { compareCalls } from './account-calls.ts';
import type { FeedPage, FeedPosition } from './account-feed.ts';
import { type AccountSet, accountSetOf } from './account-set.ts';
import { addAccountRow } from './account-table.ts';
import { type SaidCall, unpackCalls } from './said-trait.ts';

/** What a shard told of an account. */
interface Told {
  readonly calls: Uint8Array;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly people: number;
}

/** One shard, in its own numbers. */
interface Teller {
  readonly life: string;
  upTo: number;
  readonly paths: (readonly string[])[];
  /** By path: its number in the table. */
  readonly pathIds: number[];
  /** By account: its row. */
  readonly rows: number[];
  /** By account. */
  readonly told: Told[];
  /** By row: number + 1 of the account. */
  readonly accounts: number[];
}

export class MergedAccounts {
  readonly data: ShardData;
  readonly #byId = new Map<string, number>();
  readonly #tellers: (Teller | undefined)[] = [];
  readonly #unfolded = new Set<number>();
  readonly #empty = new Set<number>();
  readonly #people: number[] = [];
  #toldSizeBytes = 0;

  constructor(hashSeed: number) {
    const names = new NameInterner(Number.POSITIVE_INFINITY);
    const options = { dedup: { windowMs: 1, count: 2 }, cacheSizeBytes: 0, hashSeed };
    this.data = new ShardData(new SlabMemory(), names, options);
  }

  /** Rows given out; some may be empty. */
  get count(): number {
    return this.#people.length;
  }

  get usedBytes(): number {
    return this.data.memory.usedBytes + this.#toldSizeBytes;
  }

  /** Accounts that were told of and are not in the table as they are yet. */
  get unfoldedCount(): number {
    return this.#unfolded.size;
  }

  /** The account of that id, when it is there. */
  find(id: string): number | undefined {
    const row = this.#byId.get(id);
    return row === undefined || this.#empty.has(row) ? undefined : row;
  }

  peopleCountOf(row: number): number {
    return this.#people[row];
  }

  living(): RowSet {
    return RowSet.all(this.count).andNot(RowSet.of(Uint32Array.from(this.#empty)));
  }

  get hasEmpty(): boolean {
    return this.#empty.size > 0;
  }

  positionOf(shard: number): FeedPosition {
    const teller = this.#tellers[shard];
    return teller === undefined
      ? { life: '', since: 0, paths: 0 }
      : { life: teller.life, since: teller.upTo, paths: teller.paths.length };
  }

  /** Takes a page in; the accounts in it wait for `foldNext`. Pages of a new life begin with its first. */
  take(shard: number, page: FeedPage): void {
    let teller = this.#tellers[shard];
    if (teller?.life !== page.life) {
      this.forget(shard);
      teller = { life: page.life, upTo: 0, paths: [], pathIds: [], rows: [], told: [], accounts: [] };
      this.#tellers[shard] = teller;
    }
    const { profiles, names } = this.data;
    for (const segments of page.paths) {
      const path = names.path(ROOT_TRAITS, segments);
      // All columns before any is looked at: which are above and below which must be known.
      profiles.columnAt(path, names);
      teller.paths.push(segments);
      teller.pathIds.push(path);
    }
    page.accounts.forEach((account, i) => {
      const row = this.#rowOf(page.ids[i]);
      const calls = page.calls.slice(i === 0 ? 0 : page.ends[i - 1], page.ends[i]);
      this.#toldSizeBytes += calls.length - (teller.told[account]?.calls.length ?? 0);
      teller.rows[account] = row;
      teller.told[account] = { calls, firstMs: page.firstMs[i], lastMs: page.lastMs[i], people: page.people[i] };
      while (teller.accounts.length <= row) teller.accounts.push(0);
      teller.accounts[row] = account + 1;
      this.#unfolded.add(row);
    });
    teller.upTo = page.upTo;
  }

  /** What a shard told counts no more: it is not there any more, or tells all anew. */
  forget(shard: number): void {
    const teller = this.#tellers[shard];
    if (teller === undefined) return;
    for (const row of teller.rows) if (row !== undefined) this.#unfolded.add(row);
    for (const told of teller.told) if (told !== undefined) this.#toldSizeBytes -= told.calls.length;
    this.#tellers[shard] = undefined;
  }

  /** Shards beyond that many are gone. */
  forgetFrom(shardCount: number): void {
    for (let shard = shardCount; shard < this.#tellers.length; shard++) this.forget(shard);
  }

  #rowOf(id: string): number {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const row = addAccountRow(this.data, id, 0);
    this.#byId.set(id, row);
    this.#people.push(0);
    this.#empty.add(row);
    return row;
  }

  /** Folds one account that waits for it; gives how many calls it had, undefined when none waits. */
  foldNext(): number | undefined {
    for (const row of this.#unfolded) {
      this.#unfolded.delete(row);
      return this.#fold(row);
    }
    return undefined;
  }

  #fold(row: number): number {
    const { profiles, names, hashSeed } = this.data;
    const said: { readonly call: SaidCall; readonly pathIds: readonly number[] }[] = [];
    let [firstMs, lastMs, people] = [Number.NaN, Number.NaN, 0];
    for (const teller of this.#tellers) {
      const account = (teller?.accounts[row] ?? 0) - 1;
      if (teller === undefined || account < 0) continue;
      const told = teller.told[account];
      people += told.people;
      if (Number.isNaN(told.firstMs)) continue;
      if (!(told.firstMs >= firstMs)) firstMs = told.firstMs;
      if (!(told.lastMs <= lastMs)) lastMs = told.lastMs;
      for (const call of unpackCalls(told.calls, teller.paths)) said.push({ call, pathIds: teller.pathIds });
    }
    this.#people[row] = people;
    profiles.clearTraits(row);
    if (Number.isNaN(firstMs)) {
      this.#empty.add(row);
      return 0;
    }
    this.#empty.delete(row);
    profiles.firstSeen.set(row, firstMs);
    profiles.lastSeen.set(row, lastMs);
    said.sort((a, b) => compareCalls(a.call, b.call));
    for (const { call, pathIds } of said) {
      call.visit((path, type, value) => profiles.setTraitPlain(row, pathIds[path], type, value, names, hashSeed));
    }
    return said.length;
  }

  /** The rows as each shard is told of them; of every shard that has told something. */
  setsOf(rows: RowSet): (AccountSet | undefined)[] {
    return this.#tellers.map((teller) =>
      teller === undefined ? undefined : accountSetOf(teller.life, teller.rows, rows, this.count),
    );
  }

  /** The one account. */
  setsOfOne(row: number): (AccountSet | undefined)[] {
    return this.#tellers.map((teller) =>
      teller === undefined ? undefined : { life: teller.life, account: (teller.accounts[row] ?? 0) - 1 },
    );
  }

  /** Rows of a shard's accounts; undefined when it was another life of the shard that named them, or it named one that it never told of. */
  rowsOf(shard: number, life: string, accounts: Uint32Array): Uint32Array | undefined {
    const teller = this.#tellers[shard];
    if (teller?.life !== life) return undefined;
    const rows = accounts.map((account) => teller.rows[account] ?? NO_ROW);
    return rows.includes(NO_ROW) ? undefined : rows;
  }
}

const NO_ROW = 2 ** 32 - 1;
