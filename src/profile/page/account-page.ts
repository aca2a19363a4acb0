/**
 * The accounts that a person is in, by the group calls that are kept as events: those that the newest of joining (`Group Joined`) and leaving
 * (`Group Left`, a track call) says. Both name the account in the property `group_id` or `groupId`.
 */
import { ROOT_PROPERTIES } from '../../ingest/name-interner.ts';
import type { AccountPage, AccountPageRequest } from '../../model/profile-page.ts';
import { NONE } from '../event-table.ts';
import type { ShardData } from '../shard-data.ts';
import { valueAt } from '../survivorship.ts';
import { compareItems, type Item, originOf } from './item-origin.ts';

const JOINED = 'Group Joined';
const LEFT = 'Group Left';
const KEYS: readonly string[] = ['group_id', 'groupId'];

interface Involvement {
  newest: Item;
  firstJoined: Item | undefined;
  isIn: boolean;
}

export function accountPage(data: ShardData, row: number, { limit, after, asOfMs }: AccountPageRequest): AccountPage {
  const involved = new Map<string, Involvement>();
  for (const name of [JOINED, LEFT]) {
    visitGroups(data, row, name, asOfMs, (id, item) => involve(involved, id, item, name === JOINED));
  }
  const found: { readonly id: string; readonly joined: Item }[] = [];
  for (const [id, { isIn, firstJoined }] of involved) {
    if (isIn && firstJoined !== undefined && (after === undefined || id > after))
      found.push({ id, joined: firstJoined });
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
  event: string,
  asOfMs = Number.POSITIVE_INFINITY,
  visit: (id: string, item: Item) => void,
): void {
  const table = data.tableOf(event);
  const slot = table?.slotOf(row) ?? -1;
  if (table === undefined || slot < 0) return;
  const columns = KEYS.map((key) => table.columnOf(data.names.path(ROOT_PROPERTIES, [key])));
  for (let index = table.participantLasts.get(slot); index !== NONE; index = table.previous.get(index)) {
    if (table.times.get(index) > asOfMs) continue;
    for (const column of columns) {
      const value = column === undefined ? undefined : valueAt(column, index);
      if (typeof value !== 'string' && typeof value !== 'number') continue;
      visit(String(value), { table, index });
      break;
    }
  }
}

function involve(involved: Map<string, Involvement>, id: string, item: Item, isIn: boolean): void {
  const known = involved.get(id);
  if (known === undefined) {
    involved.set(id, { newest: item, firstJoined: isIn ? item : undefined, isIn });
    return;
  }
  if (compareItems(item, known.newest) >= 0) {
    known.newest = item;
    known.isIn = isIn;
  }
  const { firstJoined } = known;
  if (isIn && (firstJoined === undefined || compareItems(item, firstJoined) < 0)) known.firstJoined = item;
}
