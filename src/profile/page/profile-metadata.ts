/** When a profile was first and last heard of, and by which message. Costs its events. */
import type { ProfileMetadata } from '../../model/profile-page.ts';
import type { ShardData } from '../shard-data.ts';
import { Extreme, originOf, visitItems } from './item-origin.ts';

export function profileMetadata(data: ShardData, row: number, asOfMs = Number.POSITIVE_INFINITY): ProfileMetadata {
  const { profiles, names } = data;
  const first = new Extreme(1);
  const last = new Extreme(-1);
  visitItems(data, row, (table, index, timeMs) => {
    if (timeMs > asOfMs) return;
    first.see(table, index, timeMs);
    last.see(table, index, timeMs);
  });
  const lastOrigin = last.item && originOf(last.item, names);
  const lastSeenMs = profiles.lastSeen.get(row);
  return {
    firstSeenMs: profiles.firstSeen.get(row),
    lastSeenMs: lastSeenMs <= asOfMs ? lastSeenMs : (lastOrigin?.timeMs ?? profiles.firstSeen.get(row)),
    first: first.item && originOf(first.item, names),
    last: lastOrigin,
  };
}
