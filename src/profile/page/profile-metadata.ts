/** When a profile was first and last heard of, and by which message. Costs its events. */
import type { ProfileMetadata } from '../../model/profile-page.ts';
import type { ShardData } from '../shard-data.ts';
import { compareItems, type Item, originOf, visitItems } from './item-origin.ts';

export function profileMetadata(data: ShardData, row: number, asOfMs = Number.POSITIVE_INFINITY): ProfileMetadata {
  const { profiles, names } = data;
  let first: Item | undefined;
  let last: Item | undefined;
  visitItems(data, row, (table, index) => {
    const item = { table, index };
    if (table.times.get(index) > asOfMs) return;
    if (first === undefined || compareItems(item, first) < 0) first = item;
    if (last === undefined || compareItems(item, last) > 0) last = item;
  });
  const lastOrigin = last === undefined ? undefined : originOf(last, names);
  const lastSeenMs = profiles.lastSeen.get(row);
  return {
    firstSeenMs: profiles.firstSeen.get(row),
    lastSeenMs: lastSeenMs <= asOfMs ? lastSeenMs : (lastOrigin?.timeMs ?? profiles.firstSeen.get(row)),
    first: first === undefined ? undefined : originOf(first, names),
    last: lastOrigin,
  };
}
