/**
 * The group calls that say something of accounts, by account, in the order in which they were learned, and what each says. An account is
 * a number here, given out at first sight and never again.
 *
 * A call costs 10 bytes.
 */
import { joinPath } from '../../base/path.ts';
import { U16Column, U32Column } from '../../memory/fixed-column.ts';
import type { SlabMemory } from '../../memory/slab-memory.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { valueAt } from '../../profile/survivorship.ts';
import type { ValueColumn } from '../../profile/value-column.ts';

/** Where the calls are. */
export interface CallSource {
  readonly data: ShardData;
  /** The table of group calls; undefined while there is none. */
  readonly joined: EventTable | undefined;
}

/** A trait of accounts, and the column of each shard that has it. */
export interface CallTrait {
  readonly segments: readonly string[];
  readonly columns: (ValueColumn | undefined)[];
}

/** What puts calls in order: time, message id, and what is said, as text, which is asked for where the others are equal. */
export interface CallOrder {
  readonly timeMs: number;
  readonly messageId: string;
  text(): string;
}

export class AccountCalls {
  readonly #sources: readonly CallSource[];
  readonly #byId = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #shards: U16Column;
  readonly #indexes: U32Column;
  /** Number + 1 of the same account's call before. */
  readonly #previous: U32Column;
  /** By account: number + 1 of its last call. */
  readonly #last: number[] = [];
  readonly #traits: CallTrait[] = [];
  readonly #byPath = new Map<string, CallTrait>();
  readonly #columnCounts: number[];

  constructor(sources: readonly CallSource[], memory: SlabMemory) {
    this.#sources = sources;
    this.#shards = new U16Column(memory);
    this.#indexes = new U32Column(memory);
    this.#previous = new U32Column(memory);
    this.#columnCounts = sources.map(() => 0);
  }

  /** Numbers given out. */
  get accountCount(): number {
    return this.#ids.length;
  }

  idOf(account: number): string {
    return this.#ids[account];
  }

  find(id: string): number | undefined {
    return this.#byId.get(id);
  }

  /** Of an id that is not known yet. */
  addAccount(id: string): number {
    const account = this.#ids.length;
    this.#byId.set(id, account);
    this.#ids.push(id);
    this.#last.push(0);
    return account;
  }

  /** Gives the call's number. */
  add(account: number, shard: number, index: number): number {
    const call = this.#indexes.length;
    this.#shards.push(shard);
    this.#indexes.push(index);
    this.#previous.push(this.#last[account]);
    this.#last[account] = call + 1;
    return call;
  }

  /** Calls of living people, newest learned first. */
  livingOf(account: number): number[] {
    const calls: number[] = [];
    for (let next = this.#last[account]; next !== 0; next = this.#previous.get(next - 1)) {
      if (!this.isDead(next - 1)) calls.push(next - 1);
    }
    return calls;
  }

  shardOf(call: number): number {
    return this.#shards.get(call);
  }

  /** In the table of its shard. */
  indexOf(call: number): number {
    return this.#indexes.get(call);
  }

  rowOf(call: number): number {
    return this.#tableOf(call).rows.get(this.indexOf(call));
  }

  timeOf(call: number): number {
    return this.#tableOf(call).times.get(this.indexOf(call));
  }

  messageIdOf(call: number): string {
    return this.#tableOf(call).messageIds.text(this.indexOf(call));
  }

  isDead(call: number): boolean {
    return this.#sources[this.shardOf(call)].data.isDead(this.rowOf(call));
  }

  compare(a: number, b: number): number {
    return compareCalls(this.#orderOf(a), this.#orderOf(b));
  }

  #orderOf(call: number): CallOrder {
    return {
      timeMs: this.timeOf(call),
      messageId: this.messageIdOf(call),
      text: () => {
        const entries: [string, unknown][] = [];
        for (const { segments, columns } of this.traits()) {
          const column = columns[this.shardOf(call)];
          const index = this.indexOf(call);
          if (column?.has(index) === true) entries.push([joinPath(segments), valueAt(column, index)]);
        }
        return saidText(entries);
      },
    };
  }

  #tableOf(call: number): EventTable {
    return this.#sources[this.shardOf(call)].joined!;
  }

  /** Columns below the property `traits` of all shards' group calls; the list only grows. */
  traits(): readonly CallTrait[] {
    this.#sources.forEach(({ joined }, shard) => {
      const properties = joined?.properties ?? [];
      for (; this.#columnCounts[shard] < properties.length; this.#columnCounts[shard]++) {
        const column = properties[this.#columnCounts[shard]];
        const [first, ...segments] = column.segments;
        if (first === 'traits' && segments.length > 0) this.#traitOf(segments).columns[shard] = column;
      }
    });
    return this.#traits;
  }

  #traitOf(segments: readonly string[]): CallTrait {
    const path = joinPath(segments);
    let trait = this.#byPath.get(path);
    if (trait === undefined) {
      trait = { segments, columns: this.#sources.map(() => undefined) };
      this.#byPath.set(path, trait);
      this.#traits.push(trait);
    }
    return trait;
  }
}

/** An order that does not hang on which shard a call is on. */
export function compareCalls(a: CallOrder, b: CallOrder): number {
  const apart = a.timeMs - b.timeMs;
  if (apart !== 0) return apart;
  const byId = compareTexts(a.messageId, b.messageId);
  return byId === 0 ? compareTexts(a.text(), b.text()) : byId;
}

/** What a call says of the account, by path: the same text on every shard. */
export function saidText(entries: [path: string, value: unknown][]): string {
  return JSON.stringify(entries.sort(([a], [b]) => compareTexts(a, b)));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
