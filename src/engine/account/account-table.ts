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
import { joinPath } from '../../base/path.ts';
import { ROOT_TRAITS } from '../../ingest/name-interner.ts';
import { U16Column, U32Column } from '../../memory/fixed-column.ts';
import { SlabMemory } from '../../memory/slab-memory.ts';
import type { EventTable } from '../../profile/event-table.ts';
import { TYPE_USER_ID } from '../../profile/identifier-store.ts';
import { ShardData } from '../../profile/shard-data.ts';
import { valueAt } from '../../profile/survivorship.ts';
import type { ValueColumn } from '../../profile/value-column.ts';

const NONE = -1;

/** Where the calls are. */
export interface CallSource {
  readonly data: ShardData;
  /** The table of group calls; undefined while there is none. */
  readonly joined: EventTable | undefined;
}

/** A trait of accounts, and the column of each shard that has it. */
interface TraitSource {
  readonly path: number;
  readonly columns: (ValueColumn | undefined)[];
}

export class AccountTable {
  readonly data: ShardData;
  readonly #sources: readonly CallSource[];
  readonly #byId = new Map<string, number>();
  readonly #ids: string[] = [];
  // Calls, in the order in which they were learned.
  readonly #shards: U16Column;
  readonly #indexes: U32Column;
  /** Number + 1 of the same account's call before. */
  readonly #previous: U32Column;
  // By account: number + 1 of its last call, and number of the newest that was folded.
  readonly #last: number[] = [];
  readonly #newest: number[] = [];
  readonly #unfolded = new Set<number>();
  /** Accounts without any call left. */
  readonly #empty = new Set<number>();
  readonly #traits: TraitSource[] = [];
  readonly #byPath = new Map<number, TraitSource>();
  readonly #columnCounts: number[];

  constructor(sources: readonly CallSource[]) {
    const { names, hashSeed } = sources[0].data;
    const memory = new SlabMemory();
    this.#sources = sources;
    this.data = new ShardData(memory, names, { dedup: { windowMs: 1, count: 2 }, cacheSizeBytes: 0, hashSeed });
    this.#shards = new U16Column(memory);
    this.#indexes = new U32Column(memory);
    this.#previous = new U32Column(memory);
    this.#columnCounts = sources.map(() => 0);
  }

  /** Numbers given out; some may be empty. */
  get count(): number {
    return this.#ids.length;
  }

  get emptyAccounts(): ReadonlySet<number> {
    return this.#empty;
  }

  idOf(account: number): string {
    return this.#ids[account];
  }

  find(id: string): number | undefined {
    return this.#byId.get(id);
  }

  /** An account is named as a user is, by its key alone. */
  findOrAdd(id: string, timeMs: number): number {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const bytes = Buffer.from(id, 'utf8');
    const hash = xxh32(bytes, 0, bytes.length, this.data.hashSeed);
    const account = this.data.addProfile(TYPE_USER_ID, bytes, 0, bytes.length, hash, timeMs);
    this.#byId.set(id, account);
    this.#ids.push(id);
    this.#last.push(0);
    this.#newest.push(NONE);
    this.#empty.add(account);
    return account;
  }

  /** Learns of a living person's call. `isOfMany`: more are to come at once, so one fold for all of them is cheaper. */
  add(account: number, shard: number, index: number, isOfMany: boolean): void {
    const call = this.#indexes.length;
    this.#shards.push(shard);
    this.#indexes.push(index);
    this.#previous.push(this.#last[account]);
    this.#last[account] = call + 1;
    if (this.#unfolded.has(account)) return;
    const newest = this.#newest[account];
    if (isOfMany) this.#unfolded.add(account);
    else if (newest === NONE || this.#compare(newest, call) <= 0) this.#apply(account, call);
    else this.#unfolded.add(account);
  }

  /** A call of the account counts no more, or came late. */
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

  /** Everybody who ever came with the account, living; some more than once. */
  visitPeople(account: number, visit: (shard: number, row: number) => void): void {
    for (let next = this.#last[account]; next !== 0; next = this.#previous.get(next - 1)) {
      const shard = this.#shards.get(next - 1);
      if (!this.#isDead(next - 1)) visit(shard, this.#tableOf(shard).rows.get(this.#indexes.get(next - 1)));
    }
  }

  #fold(account: number): number {
    const calls: number[] = [];
    for (let next = this.#last[account]; next !== 0; next = this.#previous.get(next - 1)) {
      if (!this.#isDead(next - 1)) calls.push(next - 1);
    }
    this.data.profiles.clearTraits(account);
    this.#newest[account] = NONE;
    this.#empty.add(account);
    if (calls.length === 0) return 0;
    calls.sort((a, b) => this.#compare(a, b));
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
    const timeMs = this.#tableOf(this.#shards.get(call)).times.get(this.#indexes.get(call));
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
    const shard = this.#shards.get(call);
    const index = this.#indexes.get(call);
    for (const { path, columns } of traits) {
      const column = columns[shard];
      if (column !== undefined) profiles.setTraitFrom(account, path, column, index, names, hashSeed);
    }
  }

  #setNewest(account: number, calls: readonly number[], { path, columns }: TraitSource): void {
    const { profiles, names, hashSeed } = this.data;
    for (let i = calls.length - 1; i >= 0; i--) {
      const column = columns[this.#shards.get(calls[i])];
      const index = this.#indexes.get(calls[i]);
      if (column === undefined || !column.has(index)) continue;
      return profiles.setTraitFrom(account, path, column, index, names, hashSeed);
    }
  }

  #tableOf(shard: number): EventTable {
    return this.#sources[shard].joined!;
  }

  #isDead(call: number): boolean {
    const shard = this.#shards.get(call);
    return this.#sources[shard].data.isDead(this.#tableOf(shard).rows.get(this.#indexes.get(call)));
  }

  #compare(a: number, b: number): number {
    const [tableA, tableB] = [this.#tableOf(this.#shards.get(a)), this.#tableOf(this.#shards.get(b))];
    const [indexA, indexB] = [this.#indexes.get(a), this.#indexes.get(b)];
    const apart = tableA.times.get(indexA) - tableB.times.get(indexB);
    if (apart !== 0) return apart;
    const byId = compareTexts(tableA.messageIds.text(indexA), tableB.messageIds.text(indexB));
    return byId === 0 ? compareTexts(this.#traitsText(a), this.#traitsText(b)) : byId;
  }

  /** What a call says of the account, the same text on every shard. */
  #traitsText(call: number): string {
    const shard = this.#shards.get(call);
    const index = this.#indexes.get(call);
    const entries: [string, unknown][] = [];
    for (const { columns } of this.#knownTraits()) {
      const column = columns[shard];
      if (column?.has(index) === true) entries.push([joinPath(column.segments), valueAt(column, index)]);
    }
    return JSON.stringify(entries.sort(([a], [b]) => compareTexts(a, b)));
  }

  /** Columns below the property `traits` of all shards' group calls. */
  #knownTraits(): readonly TraitSource[] {
    this.#sources.forEach(({ joined }, shard) => {
      const properties = joined?.properties ?? [];
      for (; this.#columnCounts[shard] < properties.length; this.#columnCounts[shard]++) {
        const column = properties[this.#columnCounts[shard]];
        const [first, ...segments] = column.segments;
        if (first === 'traits' && segments.length > 0) this.#sourceOf(segments).columns[shard] = column;
      }
    });
    return this.#traits;
  }

  #sourceOf(segments: readonly string[]): TraitSource {
    const path = this.data.names.path(ROOT_TRAITS, segments);
    let source = this.#byPath.get(path);
    if (source === undefined) {
      // All columns before any is looked at: which are above and below which must be known.
      this.data.profiles.columnAt(path, this.data.names);
      source = { path, columns: this.#sources.map(() => undefined) };
      this.#byPath.set(path, source);
      this.#traits.push(source);
    }
    return source;
  }
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
