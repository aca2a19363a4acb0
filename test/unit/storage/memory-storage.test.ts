import { describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../../src/storage/memory-storage.ts';

const record = (value: number) => Uint8Array.of(value);

function withRecords(count: number): MemoryStorage {
  const storage = new MemoryStorage();
  for (let value = 1; value <= count; value += 1) storage.log.append(record(value));
  return storage;
}

const valuesOf = (storage: MemoryStorage) => Array.from(storage.log.read(0), (entry) => entry.record[0]);

describe('MemoryStorage', () => {
  it('is durable up to where it was flushed', async () => {
    const storage = withRecords(5);
    storage.flush(3);
    await storage.log.durable(3);
    expect(storage.log.durableSeq).toBe(3);
  });

  it('is durable at once with auto flush', async () => {
    const storage = new MemoryStorage({ isAutoFlush: true });
    await storage.log.durable(storage.log.append(record(1)));
    expect(storage.log.durableSeq).toBe(1);
  });

  it('loses what was not flushed in a power cut', () => {
    const storage = withRecords(5);
    storage.flush(3);
    const reopened = storage.crash({ loseUnflushed: true });
    expect(valuesOf(reopened)).toEqual([1, 2, 3]);
    expect(reopened.log.append(record(9))).toBe(4);
  });

  it('keeps everything in a crash that loses nothing', () => {
    expect(valuesOf(withRecords(3).crash({ loseUnflushed: false }))).toEqual([1, 2, 3]);
  });

  it.each([
    [0, 2],
    [0.5, 4],
    [0.99, 5],
  ])('cuts the log in order at a random point: %f → %i records', (fraction, count) => {
    const storage = withRecords(5);
    storage.flush(2);
    const reopened = storage.crash({ loseUnflushed: true, random: () => fraction });
    expect(valuesOf(reopened)).toEqual([1, 2, 3, 4, 5].slice(0, count));
  });

  it('drops a checkpoint without manifest in a crash', async () => {
    const storage = new MemoryStorage();
    const first = storage.checkpoints.begin();
    const pageId = first.write(record(1));
    await first.commit(record(7), new Set([pageId]));
    const torn = storage.checkpoints.begin().write(record(2));
    const reopened = storage.crash({ loseUnflushed: true });
    const reader = reopened.checkpoints.latest();
    expect(reader?.page(pageId)).toEqual(record(1));
    expect(() => reader?.page(torn)).toThrow();
  });

  it('refuses every use after a crash', () => {
    const storage = withRecords(1);
    storage.crash({ loseUnflushed: true });
    expect(() => storage.log.append(record(2))).toThrow('The process crashed');
  });

  it('rejects waiters and refuses appends and checkpoints when the disk fails', async () => {
    const storage = withRecords(2);
    const waiting = storage.log.durable(2);
    const writer = storage.checkpoints.begin();
    storage.failDisk();
    const failed = expect.objectContaining({ code: 'storage_failed' });
    await expect(waiting).rejects.toEqual(failed);
    await expect(storage.log.durable(1)).rejects.toEqual(failed);
    expect(() => storage.log.append(record(3))).toThrow(failed);
    await expect(writer.commit(record(1), new Set())).rejects.toEqual(failed);
  });
});
