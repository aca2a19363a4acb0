/** Three bytes a link; what is further than they can say comes back all the same. */
import { expect, test } from 'vitest';
import { LINKS_PER_PAGE, LinkColumn, NO_LINK } from '../../../src/memory/link-column.ts';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';

const FAR = 0xff_ffff;

test('links of every length come back, over the ends of pages, at the edge of three bytes, and after a load', () => {
  const memory = new SlabMemory();
  const column = new LinkColumn(memory);
  const count = FAR + 200;
  const edges = [
    1,
    2,
    LINKS_PER_PAGE - 1,
    LINKS_PER_PAGE,
    LINKS_PER_PAGE + 1,
    2 * LINKS_PER_PAGE,
    FAR - 1,
    FAR,
    FAR + 9,
  ];
  const targetOf = (i: number): number => {
    if (i === FAR - 1 || i === FAR || i === FAR + 1) return 0;
    if (i === FAR + 150) return 3;
    return i % 7 === 0 ? NO_LINK : Math.max(0, i - 1 - ((i * 31) % 200_000));
  };
  for (let i = 0; i < count; i++) column.push(targetOf(i));
  expect(column.usedBytes / count).toBeLessThan(3.05);
  expect(memory.usedBytes).toBe(column.usedBytes);
  const context = new SaveContext(memory.snapshot());
  const state = column.save(context);
  const again = new LinkColumn(new SlabMemory());
  again.load(new LoadContext(again.memory, [...context.pages.keys()], (id) => memory.bytes(context.pages[id])), state);
  again.push(count - 1);
  for (const one of [column, again]) {
    for (const i of [0, ...edges, FAR + 150, count - 1]) expect([i, one.get(i)]).toEqual([i, targetOf(i)]);
    let wrong = 0;
    for (let i = 0; i < count; i += 97) if (one.get(i) !== targetOf(i)) wrong += 1;
    expect(wrong).toBe(0);
  }
  expect(again.get(count)).toBe(count - 1);
  expect(again.memory.usedBytes).toBe(again.usedBytes);
});
