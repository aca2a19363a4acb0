/**
 * Events of three names straight into a shard's columns, without properties: 10 views, 3 additions to a cart and 1 order in 14, over
 * 90 days, arriving in the order of their times but for an hour's disorder. Seeded, so that every run sees the same data.
 */
import { NameInterner } from '../../../src/ingest/name-interner.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { EventTable, NONE } from '../../../src/profile/event-table.ts';
import { ShardData } from '../../../src/profile/shard-data.ts';

export const NOW_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const SPAN_MS = 90 * DAY_MS;
const DISORDER_MS = 3_600_000;
const NAMES = ['Product Viewed', 'Product Added', 'Order Completed'];

export function populateHistory(profileCount: number, eventCount: number): ShardData {
  const memory = new SlabMemory();
  const options = { dedup: { windowMs: DAY_MS, count: 1_000 }, cacheSizeBytes: 1 << 16 };
  const data = new ShardData(memory, new NameInterner(1_000), options);
  for (let row = 0; row < profileCount; row++) data.profiles.add(NOW_MS);
  const tables = NAMES.map((name) => new EventTable(memory, name));
  data.tables.push(...tables);
  const slots = tables.map(() => new Int32Array(profileCount).fill(-1));
  let state = 42;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (let e = 0; e < eventCount; e++) {
    const draw = random() * 14;
    const at = draw < 10 ? 0 : draw < 13 ? 1 : 2;
    const table = tables[at];
    const row = Math.floor(random() * profileCount);
    let slot = slots[at][row];
    if (slot < 0) {
      slot = table.addParticipant(row, 0, 0);
      slots[at][row] = slot;
    }
    const index = table.rows.length;
    table.rows.push(row);
    table.times.push(
      NOW_MS - SPAN_MS + Math.floor((e / eventCount) * (SPAN_MS - DISORDER_MS) + random() * DISORDER_MS),
    );
    table.previous.push(index === 0 ? NONE : table.participantLasts.get(slot));
    table.arrivals.push(e);
    table.participantLasts.set(slot, index);
    // In order: the count alone, times two.
    table.participantCounts.set(slot, table.participantCounts.get(slot) + 2);
  }
  data.eventCount = eventCount;
  return data;
}
