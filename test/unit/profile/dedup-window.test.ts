import { expect, test } from 'vitest';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { DedupWindow } from '../../../src/profile/dedup-window.ts';
import { diceOf } from '../../property/memory-world.ts';

const HOUR = 3_600_000;

function reloaded(memory: SlabMemory, window: DedupWindow, options: { windowMs: number; count: number }): DedupWindow {
  const snapshot = memory.snapshot();
  const context = new SaveContext(snapshot);
  const state = window.save(context);
  const { pages } = context;
  const loading = new LoadContext(new SlabMemory(), [...pages.keys()], (id) => memory.bytes(pages[id]));
  const again = DedupWindow.load(loading, state, options);
  memory.release(snapshot);
  return again;
}

test('an id is remembered for at least half the window and forgotten after the whole of it', () => {
  const dice = diceOf(1);
  const window = new DedupWindow(new SlabMemory(), { windowMs: 24 * HOUR, count: 1e6 });
  const seenAt = new Map<number, number>();
  let nowMs = 1_750_000_000_000;
  for (let i = 0; i < 20_000; i++) {
    nowMs += dice(20) === 0 ? dice(30) * HOUR : dice(600_000);
    const id = dice(400);
    const ageMs = nowMs - (seenAt.get(id) ?? Number.NEGATIVE_INFINITY);
    const isDuplicate = window.isDuplicate(id, id * 7, nowMs);
    if (ageMs < 12 * HOUR) expect([i, isDuplicate]).toEqual([i, true]);
    if (ageMs >= 24 * HOUR) expect([i, isDuplicate]).toEqual([i, false]);
    if (!isDuplicate) seenAt.set(id, nowMs);
  }
});

test('no more ids are remembered than allowed, and the last half of them always is', () => {
  const memory = new SlabMemory();
  const window = new DedupWindow(memory, { windowMs: 24 * HOUR, count: 100 });
  for (let i = 0; i < 1_000; i++) {
    expect(window.isDuplicate(i, i, 1_000)).toBe(false);
    expect(window.count).toBeLessThanOrEqual(101);
    for (let back = 0; back < 50 && back <= i; back++) expect(window.isDuplicate(i - back, i - back, 1_000)).toBe(true);
  }
  expect(memory.usedBytes).toBe(window.usedBytes);
});

test('turns of the window give every byte back, long pauses too', () => {
  const memory = new SlabMemory();
  const window = new DedupWindow(memory, { windowMs: HOUR, count: 1e6 });
  for (let turn = 0; turn < 200; turn++) {
    for (let i = 0; i < 50; i++) window.isDuplicate(turn * 50 + i, 1, turn * (turn % 3 === 0 ? 3 : 1) * HOUR);
  }
  expect(memory.usedBytes).toBe(window.usedBytes);
});

test('ids that share one hash are told apart by the other', () => {
  const window = new DedupWindow(new SlabMemory(), { windowMs: HOUR, count: 100 });
  expect([3, 2, 0, -5].map((check) => window.isDuplicate(9, check, 0))).toEqual([false, false, false, false]);
  expect([3, 2, 0, -5].map((check) => window.isDuplicate(9, check, 0))).toEqual([true, true, true, true]);
  expect(window.isDuplicate(10, 2, 0)).toBe(false);
});

test('a clock that steps back forgets nothing', () => {
  const window = new DedupWindow(new SlabMemory(), { windowMs: HOUR, count: 100 });
  window.isDuplicate(1, 1, 10 * HOUR);
  expect(window.isDuplicate(1, 1, 2 * HOUR)).toBe(true);
  expect(window.isDuplicate(2, 2, 2 * HOUR)).toBe(false);
  expect(window.isDuplicate(2, 2, 10 * HOUR)).toBe(true);
});

test('a replay of the ids that were new, with a restart anywhere, decides the same as the first run', () => {
  for (let seed = 0; seed < 30; seed++) {
    const dice = diceOf(seed);
    const options = { windowMs: HOUR, count: 60 };
    const memory = new SlabMemory();
    const live = new DedupWindow(memory, options);
    const accepted: [id: number, nowMs: number][] = [];
    let saved = { window: new DedupWindow(new SlabMemory(), options), at: 0 };
    let nowMs = 1_000_000;
    for (let i = 0; i < 500; i++) {
      nowMs += dice(120_000);
      const id = dice(80);
      if (!live.isDuplicate(id, id, nowMs)) accepted.push([id, nowMs]);
      if (dice(100) === 0) saved = { window: reloaded(memory, live, options), at: accepted.length };
    }
    for (const [id, at] of accepted.slice(saved.at)) expect(saved.window.isDuplicate(id, id, at)).toBe(false);
    for (let i = 0; i < 300; i++) {
      nowMs += dice(60_000);
      const id = dice(80);
      expect(saved.window.isDuplicate(id, id, nowMs)).toBe(live.isDuplicate(id, id, nowMs));
    }
  }
});
