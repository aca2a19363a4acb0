import { describe, expect, it } from 'vitest';
import { CopyArena } from '../../../src/storage/copy-arena.ts';

describe('CopyArena', () => {
  it('keeps copies apart from each other and from their source', () => {
    const arena = new CopyArena(64, 2);
    const source = new Uint8Array(20);
    const copies = Array.from({ length: 10 }, (_, index) => arena.copy(source.fill(index)));
    expect(copies.map((copy) => [...new Set(copy)])).toEqual(copies.map((_, index) => [index]));
    expect(arena.take()).toHaveLength(4);
    expect(arena.take()).toHaveLength(0);
  });

  it('uses recycled slabs again, and no more than it may keep', () => {
    const arena = new CopyArena(64, 1);
    for (let index = 0; index < 4; index += 1) arena.copy(new Uint8Array(32));
    const slabs = arena.take();
    arena.recycle(slabs);
    expect(slabs).toHaveLength(2);
    expect(arena.copy(new Uint8Array(8)).buffer).toBe(slabs[0]?.buffer);
    for (let index = 0; index < 8; index += 1) arena.copy(new Uint8Array(32));
    expect(arena.take().filter((slab) => slabs.includes(slab))).toHaveLength(1);
  });

  it('does not touch a taken slab before it comes back', () => {
    const arena = new CopyArena(64, 2);
    const first = arena.copy(Uint8Array.of(1, 2, 3));
    arena.take();
    arena.copy(Uint8Array.of(9, 9, 9));
    expect([...first]).toEqual([1, 2, 3]);
  });

  it('gives bytes of more than half a slab one of their own, which is used again, and goes on with the current one', () => {
    const arena = new CopyArena(64, 4);
    const first = arena.copy(Uint8Array.of(1, 2));
    const large = arena.copy(new Uint8Array(40).fill(7));
    const second = arena.copy(Uint8Array.of(3));
    expect(second.buffer).toBe(first.buffer);
    expect(large.buffer).not.toBe(first.buffer);
    expect([...first, ...second, large.length, new Set(large).size]).toEqual([1, 2, 3, 40, 1]);
    const slabs = arena.take();
    expect(slabs).toHaveLength(2);
    arena.recycle(slabs);
    const buffers = slabs.map(({ buffer }) => buffer);
    for (const size of [64, 33]) expect(buffers).toContain(arena.copy(new Uint8Array(size)).buffer);
    expect(arena.take()).toHaveLength(2);
  });

  it('gives large bytes memory of their own', () => {
    const arena = new CopyArena(64, 2);
    expect(arena.copy(new Uint8Array(100)).buffer.byteLength).toBe(100);
    expect(arena.take()).toHaveLength(0);
  });
});
