import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LmdbEnvironment } from '../../../src/storage/lmdb-environment.ts';
import { databaseFault } from '../../../src/storage/lmdb-file-check.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kith-file-check-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const MAP_SIZE_BYTES = 2 ** 30;

/** Small and large values in three databases, added and removed over many transactions, as a log and a checkpoint do. */
async function makeDatabase(onCommit: (file: string) => void = () => {}): Promise<string> {
  const file = join(folder, 'data.mdb');
  const environment = LmdbEnvironment.open(folder, MAP_SIZE_BYTES);
  const databases = [environment.root, environment.database('page'), environment.database('manifest')];
  for (let round = 0; round < 60; round += 1) {
    await environment.transact(() => {
      for (let n = 0; n < 40; n += 1) {
        const key = round * 40 + n + 1;
        void databases[n % 3].put(key, Buffer.alloc(n % 5 === 0 ? 20_000 : 30, key));
        if (round > 10) void databases[(n * 7) % 3].remove(key - 400);
      }
    });
    onCommit(file);
  }
  await environment.close();
  return file;
}

describe('databaseFault', () => {
  it('finds none where the file is absent, empty or whole', async () => {
    expect(databaseFault(join(folder, 'none'))).toBeUndefined();
    const other = join(folder, 'other');
    writeFileSync(other, '');
    expect(databaseFault(other)).toBeUndefined();
    writeFileSync(other, 'x'.repeat(10_000));
    expect(databaseFault(other)).toContain('damaged');
    const file = await makeDatabase((path) => expect(databaseFault(path)).toBeUndefined());
    expect(databaseFault(file)).toBeUndefined();
  });

  it('finds a missing part wherever it is in use, and the environment says so instead of dying', async () => {
    const file = await makeDatabase();
    const { size } = statSync(file);
    const whole = join(folder, 'whole');
    copyFileSync(file, whole);
    for (const length of [1, 2, 3, 5, 10, 50]
      .map((pages) => pages * 4096)
      .concat(Math.floor(size / 2), size - 200_000)) {
      copyFileSync(whole, file);
      truncateSync(file, length);
      expect({ length, fault: databaseFault(file) }).toEqual({
        length,
        fault: expect.stringContaining('lacks its end'),
      });
      expect(() => LmdbEnvironment.open(folder, MAP_SIZE_BYTES)).toThrow('lacks its end');
    }
  });

  it.each([0, 4096])('finds a meta page overwritten at %i', async (at) => {
    const file = await makeDatabase();
    const bytes = readFileSync(file);
    for (const filler of [0, 0x5a, 0xff]) {
      writeFileSync(
        file,
        Buffer.concat([bytes.subarray(0, at), Buffer.alloc(4096, filler), bytes.subarray(at + 4096)]),
      );
      expect(databaseFault(file)).toContain('damaged');
      expect(() => LmdbEnvironment.open(folder, MAP_SIZE_BYTES)).toThrow('damaged');
    }
  });
});
