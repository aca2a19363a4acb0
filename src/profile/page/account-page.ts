/** The accounts that a person is in, as `group-calls.ts` tells it, with the event that first said so. */
import type { AccountPage, AccountPageRequest } from '../../model/profile-page.ts';
import { NONE } from '../event-table.ts';
import { GroupIdColumns, groupTableOf, Memberships } from '../group-calls.ts';
import type { ShardData } from '../shard-data.ts';
import { compareItems, type Item, originOf } from './item-origin.ts';

export function accountPage(data: ShardData, row: number, { limit, after, asOfMs }: AccountPageRequest): AccountPage {
  const memberships = new Memberships<string>();
  const firstJoined = new Map<string, Item>();
  for (const isJoining of [true, false]) {
    visitGroups(data, row, isJoining, asOfMs, (id, item) => {
      memberships.see(id, item, isJoining);
      const first = firstJoined.get(id);
      if (isJoining && (first === undefined || compareItems(item, first) < 0)) firstJoined.set(id, item);
    });
  }
  const found: { readonly id: string; readonly joined: Item }[] = [];
  for (const [id, isIn] of memberships.standings()) {
    const joined = firstJoined.get(id);
    if (isIn && joined !== undefined && (after === undefined || id > after)) found.push({ id, joined });
  }
  found.sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    accounts: found.slice(0, limit).map(({ id, joined }) => ({ id, first: originOf(joined, data.names) })),
    hasMore: found.length > limit,
  };
}

function visitGroups(
  data: ShardData,
  row: number,
  isJoining: boolean,
  asOfMs = Number.POSITIVE_INFINITY,
  visit: (id: string, item: Item) => void,
): void {
  const table = groupTableOf(data, isJoining);
  const slot = table?.slotOf(row) ?? -1;
  if (table === undefined || slot < 0) return;
  const ids = new GroupIdColumns(table);
  for (let index = table.participantLasts.get(slot); index !== NONE; index = table.previous.get(index)) {
    if (table.times.get(index) > asOfMs) continue;
    const id = ids.idAt(index);
    if (id !== undefined) visit(id, { table, index });
  }
}
