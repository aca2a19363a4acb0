/** What every shard storage promises, run by the one on disk and the one in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, describe, expect, it } from 'vitest';
import type { CheckpointWriter, ShardStorage } from '../../src/storage/contract.ts';
import { openLmdbStorage } from '../../src/storage/lmdb-storage.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';

interface StorageHarness {
  readonly name: string;
  open(): Promise<ShardStorage>;
  /** Lets what was appended become durable, where the storage does not do so by itself. */
  settle(storage: ShardStorage): void;
  reopen(storage: ShardStorage): Promise<ShardStorage>;
  /** Reopens with a newer manifest that cannot be read. */
  reopenWithTornManifest(storage: ShardStorage): Promise<ShardStorage>;
  cleanUp(): void;
}

function lmdbHarness(): StorageHarness {
  const folders: string[] = [];
  const current = () => join(folders.at(-1) ?? '', 'shard');
  return {
    name: 'LmdbStorage',
    open() {
      folders.push(mkdtempSync(join(tmpdir(), 'kith-storage-')));
      return openLmdbStorage({ path: current(), commitDelayMs: 0 });
    },
    settle: () => undefined,
    async reopen(storage) {
      await storage.close();
      return openLmdbStorage({ path: current(), commitDelayMs: 0 });
    },
    async reopenWithTornManifest(storage) {
      await storage.close();
      const root = open({ path: join(current(), 'checkpoint'), noSubdir: false, overlappingSync: false, maxDbs: 4 });
      await root.openDB<Uint8Array, number>({ name: 'manifest', encoding: 'binary' }).put(1_000, Buffer.from('torn'));
      await root.close();
      return openLmdbStorage({ path: current(), commitDelayMs: 0 });
    },
    cleanUp() {
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function memoryHarness(): StorageHarness {
  const asMemory = (storage: ShardStorage) => storage as MemoryStorage;
  return {
    name: 'MemoryStorage',
    open: async () => new MemoryStorage(),
    settle: (storage) => asMemory(storage).flush(),
    async reopen(storage) {
      await storage.close();
      return asMemory(storage).reopen();
    },
    async reopenWithTornManifest(storage) {
      await storage.close();
      const reopened = asMemory(storage).reopen();
      reopened.checkpoints.plantTornManifest();
      return reopened;
    },
    cleanUp: () => undefined,
  };
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytesOf = (value: string) => new TextEncoder().encode(value);

function recordsOf(storage: ShardStorage, afterSeq = storage.log.firstSeq - 1): string[] {
  return Array.from(storage.log.read(afterSeq), ({ seq, record }) => `${seq}=${text(record)}`);
}

function writeAll(writer: CheckpointWriter, values: readonly string[]): number[] {
  return values.map((value) => writer.write(bytesOf(value)));
}

describe.each([lmdbHarness(), memoryHarness()])('$name', (harness) => {
  const opened: ShardStorage[] = [];
  const track = (storage: ShardStorage) => {
    opened.push(storage);
    return storage;
  };
  const openNew = async () => track(await harness.open());
  const reopen = async (storage: ShardStorage) => track(await harness.reopen(storage));

  async function appendAll(storage: ShardStorage, values: readonly string[]): Promise<void> {
    for (const value of values) storage.log.append(bytesOf(value));
    harness.settle(storage);
    await storage.log.durable(storage.log.lastSeq);
  }

  async function checkpoint(storage: ShardStorage, manifest: string, values: readonly string[], kept: number[] = []) {
    const writer = storage.checkpoints.begin();
    const pageIds = writeAll(writer, values);
    await writer.drained();
    await writer.commit(bytesOf(manifest), new Set([...kept, ...pageIds]));
    return pageIds;
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((storage) => storage.close().catch(() => undefined)));
    harness.cleanUp();
  });

  describe('log', () => {
    it('starts empty', async () => {
      const { log } = await openNew();
      expect([log.firstSeq, log.lastSeq, log.durableSeq]).toEqual([1, 0, 0]);
      expect([...log.read(0)]).toEqual([]);
      await log.durable(0);
    });

    it('gives dense seqs from 1 at once and makes them durable later', async () => {
      const storage = await openNew();
      const seqs = ['a', 'b', 'c'].map((value) => storage.log.append(bytesOf(value)));
      expect(seqs).toEqual([1, 2, 3]);
      expect([storage.log.lastSeq, storage.log.durableSeq]).toEqual([3, 0]);
      harness.settle(storage);
      await storage.log.durable(3);
      expect(storage.log.durableSeq).toBe(3);
    });

    it('copies the bytes of a record before append returns', async () => {
      const storage = await openNew();
      const record = bytesOf('before');
      storage.log.append(record);
      record.set(bytesOf('after!'));
      harness.settle(storage);
      await storage.log.durable(1);
      expect(recordsOf(storage)).toEqual(['1=before']);
    });

    it('takes the newest records back for good, and goes on with their seqs', async () => {
      let storage = await openNew();
      await appendAll(
        storage,
        Array.from({ length: 600 }, (_, index) => `record ${index + 1}`),
      );
      storage = await harness.reopen(storage);
      await storage.log.cutAfter(600);
      expect(storage.log.lastSeq).toBe(600);
      await storage.log.cutAfter(3);
      expect([storage.log.lastSeq, storage.log.durableSeq]).toEqual([3, 3]);
      expect(recordsOf(storage)).toEqual(['1=record 1', '2=record 2', '3=record 3']);
      expect(storage.log.append(bytesOf('another'))).toBe(4);
      harness.settle(storage);
      await storage.log.durable(4);
      storage = await harness.reopen(storage);
      expect(recordsOf(storage)).toEqual(['1=record 1', '2=record 2', '3=record 3', '4=another']);
    });

    it('serves all waiters of one event turn with one sync', async () => {
      const storage = await openNew();
      for (let index = 0; index < 100; index += 1) storage.log.append(bytesOf(`record ${index}`));
      const waiters = Array.from({ length: 100 }, (_, index) => storage.log.durable(index + 1));
      const same = storage.log.durable(100);
      expect(same).toBe(waiters[99]);
      harness.settle(storage);
      await waiters[0];
      expect(storage.log.durableSeq).toBe(100);
      await Promise.all(waiters);
    });

    it('reads durable records after a seq, in order, also after reopening', async () => {
      let storage = await openNew();
      await appendAll(storage, ['a', 'b', 'c', 'd']);
      expect(recordsOf(storage, 2)).toEqual(['3=c', '4=d']);
      storage = await reopen(storage);
      expect(recordsOf(storage)).toEqual(['1=a', '2=b', '3=c', '4=d']);
      expect([storage.log.lastSeq, storage.log.durableSeq]).toEqual([4, 4]);
      await appendAll(storage, ['e']);
      expect(recordsOf(storage, 3)).toEqual(['4=d', '5=e']);
    });

    it('does not read a record that is not durable', async () => {
      const storage = await openNew();
      await appendAll(storage, ['a']);
      storage.log.append(bytesOf('b'));
      expect(recordsOf(storage)).toEqual(['1=a']);
    });

    it('makes what was appended durable when it is closed', async () => {
      let storage = await openNew();
      storage.log.append(bytesOf('a'));
      storage.log.append(bytesOf('b'));
      storage = await reopen(storage);
      expect(recordsOf(storage)).toEqual(['1=a', '2=b']);
    });

    it('keeps records from empty to 4 MB byte for byte', async () => {
      let storage = await openNew();
      const sizes = [0, 1, 10, 2_000, 4_096, 15_000, 600_000, 1 << 20, 4 << 20];
      for (const size of sizes) storage.log.append(new Uint8Array(size).fill(size % 251));
      storage = await reopen(storage);
      const found: number[] = [];
      for (const { record } of storage.log.read(0)) {
        found.push(record.byteLength);
        expect(record.every((byte) => byte === record.byteLength % 251)).toBe(true);
      }
      expect(found).toEqual(sizes);
    });

    it('forgets truncated records and keeps the rest', async () => {
      let storage = await openNew();
      await appendAll(storage, ['a', 'b', 'c', 'd']);
      await storage.log.truncate(2);
      expect([storage.log.firstSeq, storage.log.lastSeq]).toEqual([3, 4]);
      expect(recordsOf(storage)).toEqual(['3=c', '4=d']);
      storage = await reopen(storage);
      expect([storage.log.firstSeq, storage.log.lastSeq]).toEqual([3, 4]);
      expect(recordsOf(storage)).toEqual(['3=c', '4=d']);
    });

    it('does not go back in seq when everything is truncated', async () => {
      let storage = await openNew();
      await appendAll(storage, ['a', 'b', 'c']);
      await storage.log.truncate(3);
      expect([storage.log.firstSeq, storage.log.lastSeq]).toEqual([4, 3]);
      storage = await reopen(storage);
      expect([storage.log.firstSeq, storage.log.lastSeq, storage.log.durableSeq]).toEqual([4, 3, 3]);
      expect(storage.log.append(bytesOf('d'))).toBe(4);
    });

    it('truncates no further than what is durable and twice without harm', async () => {
      const storage = await openNew();
      await appendAll(storage, ['a', 'b']);
      storage.log.append(bytesOf('c'));
      await storage.log.truncate(2);
      await Promise.all([storage.log.truncate(2), storage.log.truncate(1)]);
      harness.settle(storage);
      await storage.log.durable(3);
      expect(recordsOf(storage)).toEqual(['3=c']);
    });

    it('refuses to read what was truncated', async () => {
      const storage = await openNew();
      await appendAll(storage, ['a', 'b', 'c']);
      await storage.log.truncate(2);
      expect(() => recordsOf(storage, 0)).toThrow(expect.objectContaining({ code: 'storage_failed' }));
    });

    it('counts the bytes that it keeps', async () => {
      const storage = await openNew();
      storage.log.append(new Uint8Array(100_000));
      expect(storage.log.sizeBytes).toBeGreaterThanOrEqual(100_000);
      harness.settle(storage);
      await storage.log.durable(1);
      expect(storage.log.sizeBytes).toBeGreaterThanOrEqual(100_000);
      await storage.log.truncate(1);
      expect(storage.log.sizeBytes).toBeLessThan(100_000);
    });

    it('refuses appends after it was closed', async () => {
      const storage = await openNew();
      await storage.close();
      expect(() => storage.log.append(bytesOf('a'))).toThrow(expect.objectContaining({ code: 'storage_failed' }));
    });
  });

  describe('checkpoints', () => {
    it('has none at first', async () => {
      const storage = await openNew();
      expect(storage.checkpoints.latest()).toBeUndefined();
    });

    it('gives back manifest and pages, also after reopening', async () => {
      let storage = await openNew();
      const pageIds = await checkpoint(storage, 'first', ['page one', 'page two']);
      for (let round = 0; round < 2; round += 1) {
        const reader = storage.checkpoints.latest();
        expect(text(reader?.manifest ?? bytesOf(''))).toBe('first');
        expect(pageIds.map((pageId) => text(reader?.page(pageId) ?? bytesOf('')))).toEqual(['page one', 'page two']);
        storage = await reopen(storage);
      }
    });

    it('reports the size of manifest and live pages', async () => {
      const storage = await openNew();
      const first = storage.checkpoints.begin();
      const kept = first.write(new Uint8Array(1_000));
      const dropped = first.write(new Uint8Array(5_000));
      expect(await first.commit(new Uint8Array(10), new Set([kept, dropped]))).toEqual({ sizeBytes: 6_010 });
      const second = storage.checkpoints.begin();
      const added = second.write(new Uint8Array(200));
      expect(await second.commit(new Uint8Array(10), new Set([kept, added]))).toEqual({ sizeBytes: 1_210 });
    });

    it('carries live pages over and removes the others', async () => {
      let storage = await openNew();
      const [one, two] = (await checkpoint(storage, 'first', ['one', 'two'])) as [number, number];
      const [three] = (await checkpoint(storage, 'second', ['three'], [one])) as [number];
      storage = await reopen(storage);
      const reader = storage.checkpoints.latest();
      expect(text(reader?.manifest ?? bytesOf(''))).toBe('second');
      expect(text(reader?.page(one) ?? bytesOf(''))).toBe('one');
      expect(text(reader?.page(three) ?? bytesOf(''))).toBe('three');
      expect(() => reader?.page(two)).toThrow(expect.objectContaining({ code: 'storage_failed' }));
    });

    it('never gives a live page id again', async () => {
      let storage = await openNew();
      const first = await checkpoint(storage, 'first', ['one', 'two', 'three']);
      storage = await reopen(storage);
      const second = await checkpoint(storage, 'second', ['four'], [first[2] ?? 0]);
      storage = await reopen(storage);
      const third = await checkpoint(storage, 'third', ['five'], [first[2] ?? 0, ...second]);
      expect(Math.min(...second)).toBeGreaterThan(Math.max(...first));
      expect(Math.min(...third)).toBeGreaterThan(Math.max(...second));
    });

    it('forgets one whose commit was not reached and keeps the previous', async () => {
      let storage = await openNew();
      const [one] = (await checkpoint(storage, 'first', ['one'])) as [number];
      const writer = storage.checkpoints.begin();
      const torn = writeAll(writer, ['two', 'three']);
      await writer.drained();
      storage = await reopen(storage);
      const reader = storage.checkpoints.latest();
      expect(text(reader?.manifest ?? bytesOf(''))).toBe('first');
      expect(text(reader?.page(one) ?? bytesOf(''))).toBe('one');
      for (const pageId of torn) expect(() => reader?.page(pageId)).toThrow();
    });

    it('forgets an aborted one and can write the next', async () => {
      const storage = await openNew();
      const writer = storage.checkpoints.begin();
      const [pageId] = writeAll(writer, ['one']) as [number];
      await writer.abort();
      expect(storage.checkpoints.latest()).toBeUndefined();
      const [next] = (await checkpoint(storage, 'second', ['two'])) as [number];
      expect(next).toBeGreaterThan(pageId);
      expect(() => storage.checkpoints.latest()?.page(pageId)).toThrow();
    });

    it('skips a manifest that cannot be read in favour of the previous', async () => {
      let storage = await openNew();
      const [one] = (await checkpoint(storage, 'first', ['one'])) as [number];
      storage = track(await harness.reopenWithTornManifest(storage));
      const reader = storage.checkpoints.latest();
      expect(text(reader?.manifest ?? bytesOf(''))).toBe('first');
      expect(text(reader?.page(one) ?? bytesOf(''))).toBe('one');
      await checkpoint(storage, 'next', ['two']);
      expect(text(storage.checkpoints.latest()?.manifest ?? bytesOf(''))).toBe('next');
    });

    it('has none when the only manifest cannot be read', async () => {
      const storage = track(await harness.reopenWithTornManifest(await openNew()));
      expect(storage.checkpoints.latest()).toBeUndefined();
    });

    it('copies the bytes of a page, which may lie in shared memory', async () => {
      const storage = await openNew();
      const shared = new Uint8Array(new SharedArrayBuffer(1 << 20), 4_096, 512 << 10).fill(7);
      const writer = storage.checkpoints.begin();
      const pageId = writer.write(shared);
      shared.fill(9);
      await writer.commit(bytesOf('shared'), new Set([pageId]));
      const page = storage.checkpoints.latest()?.page(pageId) ?? bytesOf('');
      expect(page.byteLength).toBe(512 << 10);
      expect(page.every((byte) => byte === 7)).toBe(true);
    });

    it('writes more pages than may be outstanding, of any size', async () => {
      let storage = await openNew();
      const writer = storage.checkpoints.begin();
      const sizes = Array.from({ length: 60 }, (_, index) => [1_024, 1 << 20, 300_000, 0][index % 4] ?? 0);
      const pageIds: number[] = [];
      for (const [index, size] of sizes.entries()) {
        pageIds.push(writer.write(new Uint8Array(size).fill(index)));
        await writer.drained();
      }
      await writer.commit(bytesOf('many'), new Set(pageIds));
      storage = await reopen(storage);
      const reader = storage.checkpoints.latest();
      for (const [index, pageId] of pageIds.entries()) {
        const page = reader?.page(pageId);
        expect(page?.byteLength).toBe(sizes[index]);
        expect(page?.every((byte) => byte === index)).toBe(true);
      }
    });

    it('writes one at a time', async () => {
      const storage = await openNew();
      const writer = storage.checkpoints.begin();
      expect(() => storage.checkpoints.begin()).toThrow('a checkpoint is being written');
      await writer.abort();
      expect(() => writer.write(bytesOf('late'))).toThrow('already committed or aborted');
      await storage.checkpoints.begin().abort();
    });

    it('goes on appending while a checkpoint is written', async () => {
      const storage = await openNew();
      const writer = storage.checkpoints.begin();
      const pageId = writer.write(new Uint8Array(1 << 20));
      await appendAll(storage, ['a', 'b']);
      await writer.commit(bytesOf('2'), new Set([pageId]));
      await storage.log.truncate(2);
      expect(storage.log.lastSeq).toBe(2);
    });
  });
});
