/**
 * What people joined and left: their events `Group Joined`, the form in which group calls are kept, and `Group Left`, a track call.
 * Both name the account in the property `group_id` (or `groupId`): a text, or a number, which counts as its text.
 *
 * A person is in an account when the newest event of the two that names it, by time, then arrival, is that of joining.
 */
import { GROUP_JOINED, GROUP_LEFT } from '../model/call-event.ts';
import type { EventTable } from './event-table.ts';
import { compareItems, type Item } from './page/item-origin.ts';
import type { ShardData } from './shard-data.ts';
import type { ValueColumn } from './value-column.ts';

export const GROUP_KEYS: readonly string[] = ['group_id', 'groupId'];

/** Where the events of one of the two names have the account's id. */
export class GroupIdColumns {
  readonly table: EventTable;
  /** By key; undefined = no event had it yet. */
  readonly columns: (ValueColumn | undefined)[] = GROUP_KEYS.map(() => undefined);
  #seenCount = 0;

  constructor(table: EventTable) {
    this.table = table;
  }

  /** The key under which the event names an account, −1 = it names none. */
  keyAt(index: number): number {
    this.#findColumns();
    for (let key = 0; key < GROUP_KEYS.length; key++) {
      const column = this.columns[key];
      if (column === undefined) continue;
      if ((column.strings?.codes.get(index) ?? 0) !== 0) return key;
      if (!Number.isNaN(column.numbers?.get(index) ?? Number.NaN)) return key;
    }
    return -1;
  }

  /** The account's id; undefined when the event names none. */
  idAt(index: number): string | undefined {
    const key = this.keyAt(index);
    if (key < 0) return undefined;
    const { strings, numbers } = this.columns[key]!;
    const code = strings?.codes.get(index) ?? 0;
    return code === 0 ? String(numbers!.get(index)) : strings!.dictionary.text(code);
  }

  #findColumns(): void {
    const { properties } = this.table;
    for (; this.#seenCount < properties.length; this.#seenCount++) {
      const { segments } = properties[this.#seenCount];
      const key = segments.length === 1 ? GROUP_KEYS.indexOf(segments[0]) : -1;
      if (key >= 0) this.columns[key] = properties[this.#seenCount];
    }
  }
}

/** The events of joining, or those of leaving; undefined when there were none. */
export function groupTableOf(data: ShardData, isJoining: boolean): EventTable | undefined {
  return data.tableOf(isJoining ? GROUP_JOINED : GROUP_LEFT);
}

/** One person's, account by account. */
export class Memberships<Account> {
  readonly #newest = new Map<Account, { readonly item: Item; readonly isIn: boolean }>();

  /** An event of joining (`isIn`) or leaving, in any order. */
  see(account: Account, item: Item, isIn: boolean): void {
    const known = this.#newest.get(account);
    if (known === undefined || compareItems(item, known.item) >= 0) this.#newest.set(account, { item, isIn });
  }

  /** Accounts in the order of first sight, and whether the person is in them. */
  *standings(): IterableIterator<readonly [Account, boolean]> {
    for (const [account, { isIn }] of this.#newest) yield [account, isIn];
  }
}
