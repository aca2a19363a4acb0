import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStorage } from '../../../src/storage/lmdb-storage.ts';
import { bundleChild, readLines, startCappedChild } from './child-process.ts';
import { runCrashRound } from './crash-round.ts';

let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'kith-lmdb-'));
});

afterEach(() => {
  rmSync(path, { recursive: true, force: true });
});

const openRaw = (folder: string) =>
  open<Uint8Array, number>({
    path: join(path, folder),
    noSubdir: false,
    encoding: 'binary',
    overlappingSync: false,
    maxDbs: 4,
  });

async function appendAndClose(count: number): Promise<void> {
  const storage = await openLmdbStorage({ path });
  for (let seq = 1; seq <= count; seq += 1) storage.log.append(Uint8Array.of(seq));
  await storage.close();
}

describe('LmdbStorage', () => {
  it('reports a gap in the log with the first seq that is missing', async () => {
    await appendAndClose(9);
    const raw = openRaw('log');
    await raw.remove(5);
    await raw.close();
    await expect(openLmdbStorage({ path })).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining(
        'should hold records 1 to 9 but has 8 of them; the first that is wrong or missing is 5',
      ),
    });
  });

  it('reports a log whose oldest records are missing', async () => {
    await appendAndClose(3);
    const raw = openRaw('log');
    await raw.remove(1);
    await raw.close();
    await expect(openLmdbStorage({ path })).rejects.toMatchObject({ code: 'storage_failed' });
  });

  it('refuses a log of an unknown format', async () => {
    await appendAndClose(1);
    const raw = openRaw('log');
    await raw.put(0, Buffer.alloc(16, 0xff));
    await raw.close();
    await expect(openLmdbStorage({ path })).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining('not one that this version can read'),
    });
  });

  it('reports a path that cannot be a folder', async () => {
    writeFileSync(join(path, 'file'), '');
    await expect(openLmdbStorage({ path: join(path, 'file', 'shard') })).rejects.toMatchObject({
      code: 'storage_failed',
    });
  });

  it('truncates and appends at the same time without a gap', async () => {
    let storage = await openLmdbStorage({ path, commitDelayMs: 0 });
    for (let round = 0; round < 5; round += 1) {
      const seqs = Array.from({ length: 700 }, (_, index) => storage.log.append(Buffer.alloc(index)));
      const truncation = storage.log.truncate((seqs[0] ?? 0) - 50);
      storage.log.append(Buffer.from('meanwhile'));
      await Promise.all([truncation, storage.log.durable(storage.log.lastSeq)]);
    }
    await storage.close();
    storage = await openLmdbStorage({ path });
    expect([storage.log.firstSeq, storage.log.lastSeq]).toEqual([2_756, 3_505]);
    expect([...storage.log.read(2_755)]).toHaveLength(750);
    await storage.close();
  });

  it('reads records beyond the size that lmdb-js copies, over several openings', async () => {
    const sizes = [20 << 20, 17 << 20, 3, 40 << 20];
    let storage = await openLmdbStorage({ path });
    for (const size of sizes) storage.log.append(new Uint8Array(size).fill(size % 251));
    for (let opening = 0; opening < 3; opening += 1) {
      await storage.close();
      storage = await openLmdbStorage({ path });
      const found = Array.from(storage.log.read(0), ({ record }) => [record.byteLength, record[0], record.at(-1)]);
      expect(found).toEqual(sizes.map((size) => [size, size % 251, size % 251]));
    }
    await storage.close();
  });

  it('removes pages that a crashed checkpoint left behind when it is opened', async () => {
    let storage = await openLmdbStorage({ path });
    const first = storage.checkpoints.begin();
    const pageId = first.write(new Uint8Array(1_000));
    await first.commit(Uint8Array.of(1), new Set([pageId]));
    const torn = storage.checkpoints.begin();
    for (let index = 0; index < 30; index += 1) torn.write(new Uint8Array(1 << 20));
    await torn.drained();
    await storage.close();
    storage = await openLmdbStorage({ path });
    await storage.close();
    const raw = openRaw('checkpoint');
    expect([...raw.openDB<Uint8Array, number>({ name: 'page', encoding: 'binary' }).getKeys()]).toEqual([pageId]);
    await raw.close();
  });

  it('skips a manifest whose pages are not all there', async () => {
    let storage = await openLmdbStorage({ path });
    const writer = storage.checkpoints.begin();
    const pageIds = [writer.write(Uint8Array.of(1)), writer.write(Uint8Array.of(2))];
    await writer.commit(Uint8Array.of(1), new Set(pageIds));
    await storage.close();
    const raw = openRaw('checkpoint');
    await raw.openDB<Uint8Array, number>({ name: 'page', encoding: 'binary' }).remove(pageIds[1] ?? 0);
    await raw.close();
    storage = await openLmdbStorage({ path });
    expect(storage.checkpoints.latest()).toBeUndefined();
    await storage.close();
  });

  it('rejects waiters, refuses appends and keeps what was durable when the disk is full', async () => {
    const script = await bundleChild('full-disk-child');
    const lines: string[] = [];
    await readLines(startCappedChild(script, [path], 8 << 20), (line) => lines.push(line));
    const durableSeq = Number(lines[0]?.split(' ')[1]);
    expect(lines.slice(1)).toEqual([
      'waiters storage_failed storage_failed storage_failed storage_failed',
      'append storage_failed',
      'checkpoint storage_failed',
      'next checkpoint 3',
      'closed',
    ]);
    const storage = await openLmdbStorage({ path });
    expect(storage.log.lastSeq).toBeGreaterThanOrEqual(durableSeq);
    expect([...storage.log.read(0)]).toHaveLength(storage.log.lastSeq);
    await storage.close();
  });

  it('has every acknowledged record and a whole checkpoint after kill -9', async () => {
    const script = await bundleChild('crash-child');
    let lastSeq = 0;
    for (const [round, lineCount] of [150, 37, 260].entries()) {
      const found = await runCrashRound({ script, path, seed: round, lineCount });
      expect(found).toBeGreaterThan(lastSeq);
      lastSeq = found;
    }
  });
});
