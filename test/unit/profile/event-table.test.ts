/** Participants: counts as narrow as they are, and those of checkpoints that hold them as u32. */
import { expect, test } from 'vitest';
import { NameInterner } from '../../../src/ingest/name-interner.ts';
import { U32Column } from '../../../src/memory/fixed-column.ts';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { EventTable } from '../../../src/profile/event-table.ts';

const UNORDERED_ONCE = 0x8000_0000;

test('counts that were kept as u32, with a mark in the highest bit, are read, and links that nobody follows are given up', () => {
  const memory = new SlabMemory();
  const table = new EventTable(memory, 'Seen');
  const counts = [1, 127, 128, 40_000, 2 ** 30];
  const wide = new U32Column(memory);
  counts.forEach((count, i) => {
    table.addParticipant(10 * i, 3, i);
    wide.push((count | (i % 2 === 0 ? UNORDERED_ONCE : 0)) >>> 0);
  });
  const context = new SaveContext(memory.snapshot());
  const state = { ...table.save(context), participantCounts: wide.save(context) };
  const { pages } = context;
  for (const isPrivate of [false, true]) {
    const loading = new LoadContext(new SlabMemory(), [...pages.keys()], (id) => memory.bytes(pages[id]));
    const again = EventTable.load(loading, state, new NameInterner(100), { isPrivate });
    expect(counts.map((_, slot) => again.countAt(slot))).toEqual(counts);
    expect(counts.map((_, slot) => again.isOrdered(slot))).toEqual(counts.map((_, i) => i % 2 === 1));
    expect(counts.map((_, i) => again.slotOf(10 * i))).toEqual([0, 1, 2, 3, 4]);
    expect(again.nextSlots.length).toBe(isPrivate ? 0 : counts.length);
  }
});
