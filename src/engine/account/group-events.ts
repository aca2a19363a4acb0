/**
 * What one shard's people joined and left, with accounts as numbers. Which events tell, and what they say: `profile/group-calls.ts`.
 */
import { type EventTable, NONE } from '../../profile/event-table.ts';
import { GROUP_KEYS, GroupIdColumns, groupTableOf, Memberships } from '../../profile/group-calls.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { ValueColumn } from '../../profile/value-column.ts';

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
    this.#joined ??= groupTable(this.data, true);
    return this.#joined;
  }

  get leftGroups(): GroupTable | undefined {
    this.#left ??= groupTable(this.data, false);
    return this.#left;
  }

  /** Costs the person's events of both names. */
  involvementOf(row: number, find: FindAccount): Involvement {
    const memberships = new Memberships<number>();
    for (const groups of [this.joinedGroups, this.leftGroups]) {
      if (groups === undefined) continue;
      const { table } = groups;
      const slot = table.slotOf(row);
      if (slot < 0) continue;
      const isIn = groups === this.joinedGroups;
      for (let index = table.participantLasts.get(slot); index !== NONE; index = table.previous.get(index)) {
        const account = groups.accountAt(index, find);
        if (account >= 0) memberships.see(account, { table, index }, isIn);
      }
    }
    const current: number[] = [];
    const former: number[] = [];
    for (const [account, isIn] of memberships.standings()) (isIn ? current : former).push(account);
    return { current: current.sort((a, b) => a - b), former };
  }
}

function groupTable(data: ShardData, isJoining: boolean): GroupTable | undefined {
  const table = groupTableOf(data, isJoining);
  return table === undefined ? undefined : new GroupTable(table);
}

/** A table of events that name an account. */
export class GroupTable {
  readonly table: EventTable;
  readonly #ids: GroupIdColumns;
  /** By key and code of its text: number + 1 of the account. */
  readonly #byCode: number[][] = GROUP_KEYS.map(() => []);

  constructor(table: EventTable) {
    this.table = table;
    this.#ids = new GroupIdColumns(table);
  }

  /** The account that the event names, −1 = none. */
  accountAt(index: number, find: FindAccount): number {
    const key = this.#ids.keyAt(index);
    if (key < 0) return -1;
    const column = this.#ids.columns[key]!;
    const code = column.strings?.codes.get(index) ?? 0;
    return code === 0 ? find(String(column.numbers!.get(index))) : this.#accountOf(key, code, column, find);
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
}
