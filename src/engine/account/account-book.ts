/**
 * Accounts and who is in them, over all shards: an index derived from the shards' events and kept up from them when it is asked, never
 * saved. Since tables only grow, what is new are the events behind the last one seen, and the rows that died since.
 *
 * So there is no second write that a crash could lose or double: what a group call says of an account is in the call, which is in
 * the log of the person's shard once. Merged, moved and separated people need nothing here but their new rows.
 */
import { RowSet } from '../../bitmap/row-set.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { CallSource } from './account-calls.ts';
import type { AccountTable } from './account-table.ts';
import { GroupEvents, type GroupTable } from './group-events.ts';
import type { LearnedAccounts } from './learned-accounts.ts';
import { type AccountList, type PersonLinks, PersonLinksWriter } from './person-links.ts';

/** Estimates, for slices. */
const EVENT_NS = 500;
const LINK_NS = 1_000;
const FOLD_CALL_NS = 1_000;
const SLICE_NS = 500_000;
/** New calls from which on accounts are folded when all are known. */
const MANY_EVENTS = 1_000;
/** Slices after which the rest is done in one go: writers may be faster. */
const SLICE_COUNT_MAX = 10_000;

/** The book at one instant; does not change. */
export interface AccountView {
  /** By shard. */
  readonly links: readonly PersonLinks[];
}

interface ShardState {
  readonly events: GroupEvents;
  readonly links: PersonLinksWriter;
  /** Accounts that people left, by row. */
  readonly former: Map<number, AccountList>;
  /** People whose links are to be looked at again, with the accounts that their new calls named. */
  readonly changed: Map<number, number[]>;
  joinedCount: number;
  leftCount: number;
  dead: RowSet;
  deadCount: number;
}

export class AccountBook<Table extends LearnedAccounts = AccountTable> {
  readonly table: Table;
  readonly #shards: readonly ShardState[];
  readonly #indexOf: ReadonlyMap<ShardData, number>;
  /** People of each account now. */
  readonly #peopleCounts: number[] = [];
  /** One list for all who are in the one account only. */
  readonly #singles: AccountList[] = [];

  /** `tableOf`: what is kept of the accounts themselves. */
  constructor(shards: readonly ShardData[], tableOf: (sources: readonly CallSource[]) => Table) {
    this.#shards = shards.map((data) => ({
      events: new GroupEvents(data),
      links: new PersonLinksWriter(),
      former: new Map(),
      changed: new Map(),
      joinedCount: 0,
      leftCount: 0,
      dead: RowSet.empty(),
      deadCount: 0,
    }));
    this.#indexOf = new Map(shards.map((data, index) => [data, index]));
    this.table = tableOf(this.#shards.map(({ events }) => events));
  }

  shardIndexOf(data: ShardData): number {
    return this.#indexOf.get(data)!;
  }

  /** Of the account, as of the last `view`. */
  peopleCountOf(account: number): number {
    return this.#peopleCounts[account] ?? 0;
  }

  /** Everything that has come, in this turn. */
  view(): AccountView {
    this.#advance(Number.POSITIVE_INFINITY);
    return { links: this.#shards.map(({ links }) => links.version()) };
  }

  /** Who is in the account now, of one shard. Costs the account's calls. */
  peopleOf(account: number, data: ShardData): RowSet {
    const shardIndex = this.shardIndexOf(data);
    const links = this.view().links[shardIndex];
    const rows: number[] = [];
    this.table.visitPeople(account, (shard, row) => {
      if (shard === shardIndex && links.of(row).includes(account)) rows.push(row);
    });
    return RowSet.of(Uint32Array.from(rows));
  }

  /** So that the next `view` finds little to do: in slices, with turns between. */
  async catchUp(yieldTurn: () => Promise<void>, assertGoing: () => void): Promise<void> {
    for (let slice = 0; slice < SLICE_COUNT_MAX && !this.#advance(SLICE_NS); slice++) {
      await yieldTurn();
      assertGoing();
    }
  }

  /** Does some of what is left; true when that was all. Deaths first: the events of who died count no more. */
  #advance(budgetNs: number): boolean {
    let leftNs = budgetNs;
    for (const shard of this.#shards) leftNs -= this.#takeDeaths(shard);
    for (const [index, shard] of this.#shards.entries()) {
      const { joinedGroups, leftGroups } = shard.events;
      if (joinedGroups !== undefined) leftNs = this.#takeJoined(index, shard, joinedGroups, leftNs);
      if (leftGroups !== undefined) leftNs = takeLeft(shard, leftGroups, leftNs);
    }
    for (const shard of this.#shards) {
      for (const row of shard.changed.keys()) {
        if (leftNs <= 0) return false;
        shard.changed.delete(row);
        this.#link(shard, row);
        leftNs -= LINK_NS;
      }
    }
    while (leftNs > 0) {
      const callCount = this.table.foldNext();
      if (callCount === undefined) return true;
      leftNs -= FOLD_CALL_NS * (1 + callCount);
    }
    return false;
  }

  #takeDeaths(shard: ShardState): number {
    const { data } = shard.events;
    const deadCount = data.profiles.count - data.profileCount;
    if (deadCount === shard.deadCount) return 0;
    const dead = data.deadRows();
    const rows = dead.andNot(shard.dead).rowsFrom(0, deadCount);
    for (const row of rows) {
      for (const account of this.#setLinks(shard, row, [])) this.table.foldLater(account);
      for (const account of shard.former.get(row) ?? []) this.table.foldLater(account);
      for (const account of shard.changed.get(row) ?? []) this.table.foldLater(account);
      shard.changed.delete(row);
      shard.former.delete(row);
    }
    shard.dead = dead;
    shard.deadCount = deadCount;
    return rows.length * LINK_NS;
  }

  #takeJoined(index: number, shard: ShardState, groups: GroupTable, budgetNs: number): number {
    const { table } = groups;
    const { data } = shard.events;
    const isOfMany = table.eventCount - shard.joinedCount > MANY_EVENTS;
    let leftNs = budgetNs;
    for (; shard.joinedCount < table.eventCount && leftNs > 0; leftNs -= EVENT_NS) {
      const event = shard.joinedCount++;
      const row = table.rows.get(event);
      if (data.isDead(row)) continue;
      const timeMs = table.times.get(event);
      const account = groups.accountAt(event, (id) => this.table.findOrAdd(id, timeMs));
      if (account < 0) continue;
      this.table.add(account, index, event, isOfMany);
      const named = shard.changed.get(row);
      if (named === undefined) shard.changed.set(row, [account]);
      else if (named[named.length - 1] !== account) named.push(account);
    }
    return leftNs;
  }

  #link(shard: ShardState, row: number): void {
    if (shard.events.data.isDead(row)) return;
    const { current, former } = shard.events.involvementOf(row, (id) => this.table.find(id) ?? -1);
    this.#setLinks(shard, row, current.length === 1 ? this.#single(current[0]) : current);
    if (former.length > 0) shard.former.set(row, former);
    else shard.former.delete(row);
  }

  #single(account: number): AccountList {
    this.#singles[account] ??= [account];
    return this.#singles[account];
  }

  /** Gives the accounts that the person was in before. */
  #setLinks(shard: ShardState, row: number, accounts: AccountList): AccountList {
    const before = shard.links.set(row, accounts);
    for (const account of before) if (!accounts.includes(account)) this.#countPeople(account, -1);
    for (const account of accounts) if (!before.includes(account)) this.#countPeople(account, 1);
    return before;
  }

  #countPeople(account: number, change: number): void {
    this.#peopleCounts[account] = this.peopleCountOf(account) + change;
    this.table.peopleChanged?.(account);
  }
}

function takeLeft(shard: ShardState, { table }: GroupTable, budgetNs: number): number {
  let leftNs = budgetNs;
  for (; shard.leftCount < table.eventCount && leftNs > 0; leftNs -= EVENT_NS) {
    const row = table.rows.get(shard.leftCount++);
    if (!shard.changed.has(row)) shard.changed.set(row, []);
  }
  return leftNs;
}
