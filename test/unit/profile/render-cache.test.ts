import { expect, test } from 'vitest';
import { RenderCache } from '../../../src/profile/render-cache.ts';
import { diceOf } from '../../property/memory-world.ts';

/** Bytes that tell whose they are and how old. */
function entryOf(row: number, version: number, size: number): Buffer {
  const head = Buffer.from(`${row}:${version}:`);
  return Buffer.concat([head, Buffer.alloc(Math.max(0, size - head.length), row & 0xff)]);
}

for (const capacity of [0, 1, 100, 1_001, 4_096, 10_007, 65_536, 100_000, 300_000, 9_500_001]) {
  test(`a cache of ${capacity} bytes gives the row's last bytes or nothing, whatever is stored and forgotten`, () => {
    const dice = diceOf(capacity);
    const cache = new RenderCache(capacity);
    const model = new Map<number, Buffer>();
    let hits = 0;
    for (let i = 0; i < 30_000; i++) {
      const row = dice(10) === 0 ? dice(5_000) : dice(60);
      switch (dice(5)) {
        case 0:
          cache.invalidate(row);
          model.delete(row);
          break;
        case 1:
        case 2: {
          const bytes = entryOf(row, i, dice(Math.max(2, capacity / 50)));
          cache.invalidate(row);
          cache.store(row, Buffer.concat([Buffer.from('xx'), bytes]), 2, 2 + bytes.length);
          model.set(row, bytes);
          break;
        }
        default:
          if (!cache.find(row)) break;
          hits += 1;
          expect(
            Buffer.from(cache.bytes.subarray(cache.start, cache.end)).equals(model.get(row) ?? Buffer.alloc(0)),
          ).toBe(true);
      }
    }
    expect(cache.bytes.length).toBeLessThanOrEqual(capacity);
    if (capacity >= 4_096) expect(hits).toBeGreaterThan(100);
    for (const [row, bytes] of model) {
      if (cache.find(row)) expect(Buffer.from(cache.bytes.subarray(cache.start, cache.end)).equals(bytes)).toBe(true);
    }
  });
}

test('what was just stored is found, unless it is too large a share of the cache', () => {
  const cache = new RenderCache(6_400);
  cache.store(3, entryOf(3, 1, 92), 0, 92);
  expect(cache.find(3)).toBe(true);
  cache.store(4, entryOf(4, 1, 93), 0, 93);
  expect(cache.find(4)).toBe(false);
});
