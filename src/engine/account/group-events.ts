/**
 * What one shard's people joined and left: its events `Group Joined`, the form in which group calls are kept, and `Group Left`, a
 * track call. Both name the account in the property `group_id` (or `groupId`): a text, or a number, which counts as its text.
 *
 * A person is in an account when the newest event of the two that names it, by time, then arrival, is that of joining.
 */
import { type EventTable, NONE } from '../../profile/event-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { ValueColumn } from '../../profile/value-column.ts';

export const JOINED = 'Group Joined';
export const LEFT = 'Group Left';
const KEYS: readonly string[] = ['group_id', 'groupId'];

/** Accounts that a person is in, and those that the person has left. */
export interface Involvement {
  readonly current: readonly number[];
  readonly former: readonly number[];
}

/** Number of an account, −1 when nobody ever joined it. */
export type FindAccount = (id: string) => number;

export class GroupEvents {
  readonly data: ShardData;
  #joined: GroupTable | undefined;
  #left: GroupTable | undefined;

  constructor(data: ShardData) {
    this.data = data;
  }

  get joined(): EventTable | undefined {
    return this.joinedGroups?.table;
  }

  get joinedGroups(): GroupTable | undefined {
    this.#joined ??= groupTable(this.data, JOINED);
    return this.#joined;
  }

  get leftGroups(): GroupTable | undefined {
    this.#left ??= groupTable(this.data, LEFT);
    return this.#left;
  }

  /** Costs the person's events of both names. */
  involvementOf(row: number, find: FindAccount): Involvement {
    const newest = new Map<number, { timeMs: number; arrival: number; isIn: boolean }>();
    for (const groups of [this.joinedGroups, this.leftGroups]) {
      if (groups === undefined) continue;
      const { table } = groups;
      const slot = table.slotOf(row);
      if (slot < 0) continue;
      const isIn = groups === this.joinedGroups;
      for (let index = table.participantLasts.get(slot); index !== NONE; index = table.previous.get(index)) {
        const account = groups.accountAt(index, find);
        if (account < 0) continue;
        const timeMs = table.times.get(index);
        const arrival = table.arrivals.get(index);
        const known = newest.get(account);
        if (known !== undefined && (known.timeMs > timeMs || (known.timeMs === timeMs && known.arrival > arrival)))
          continue;
        newest.set(account, { timeMs, arrival, isIn });
      }
    }
    const current: number[] = [];
    const former: number[] = [];
    for (const [account, { isIn }] of newest) (isIn ? current : former).push(account);
    return { current: current.sort((a, b) => a - b), former };
  }
}

function groupTable(data: ShardData, name: string): GroupTable | undefined {
  const table = data.tableOf(name);
  return table === undefined ? undefined : new GroupTable(table);
}

/** A table of events that name an account. */
export class GroupTable {
  readonly table: EventTable;
  readonly #columns: (ValueColumn | undefined)[] = KEYS.map(() => undefined);
  /** By key and code of its text: number + 1 of the account. */
  readonly #byCode: number[][] = KEYS.map(() => []);
  #columnCount = 0;

  constructor(table: EventTable) {
    this.table = table;
  }

  /** The account that the event names, −1 = none. */
  accountAt(index: number, find: FindAccount): number {
    this.#findColumns();
    for (let key = 0; key < KEYS.length; key++) {
      const column = this.#columns[key];
      if (column === undefined) continue;
      const code = column.strings?.codes.get(index) ?? 0;
      if (code !== 0) return this.#accountOf(key, code, column, find);
      const number = column.numbers?.get(index) ?? Number.NaN;
      if (!Number.isNaN(number)) return find(String(number));
    }
    return -1;
  }

  /** Events' dictionaries only grow, so what a code means never changes; an account that is not there yet may come. */
  #accountOf(key: number, code: number, column: ValueColumn, find: FindAccount): number {
    const known = this.#byCode[key][code] ?? 0;
    if (known !== 0) return known - 1;
    const account = find(column.strings!.dictionary.text(code));
    if (account >= 0) {
      while (this.#byCode[key].length <= code) this.#byCode[key].push(0);
      this.#byCode[key][code] = account + 1;
    }
    return account;
  }

  #findColumns(): void {
    const { properties } = this.table;
    for (; this.#columnCount < properties.length; this.#columnCount++) {
      const { segments } = properties[this.#columnCount];
      const key = segments.length === 1 ? KEYS.indexOf(segments[0]) : -1;
      if (key >= 0) this.#columns[key] = properties[this.#columnCount];
    }
  }
}
