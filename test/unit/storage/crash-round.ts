/** One round of the crash test: start a writer, kill it at some moment, open what it left and judge it. */
import { expect } from 'vitest';
import { openLmdbStorage } from '../../../src/storage/lmdb-storage.ts';
import { readLines, startChild } from './child-process.ts';
import { pageOf, recordOf } from './crash-content.ts';

export interface CrashRoundOptions {
  readonly script: string;
  readonly path: string;
  readonly seed: number;
  /** The writer is killed once it has written so many lines. */
  readonly lineCount: number;
}

/** Gives the last seq found. */
export async function runCrashRound(options: CrashRoundOptions): Promise<number> {
  const child = startChild(options.script, [options.path, String(options.seed)]);
  let durableSeq = 0;
  let checkpointSeq = -1;
  let lineCount = 0;
  await readLines(child, (line) => {
    const [kind, seq] = line.split(' ');
    if (kind === 'durable') durableSeq = Math.max(durableSeq, Number(seq));
    else checkpointSeq = Number(seq);
    lineCount += 1;
    if (lineCount === options.lineCount) child.kill('SIGKILL');
  });
  expect(child.signalCode).toBe('SIGKILL');

  const storage = await openLmdbStorage({ path: options.path });
  try {
    const { log, checkpoints } = storage;
    expect(log.lastSeq).toBeGreaterThanOrEqual(durableSeq);
    let expectedSeq = log.firstSeq;
    for (const { seq, record } of log.read(log.firstSeq - 1)) {
      expect(seq).toBe(expectedSeq);
      expect(Buffer.compare(record, recordOf(seq))).toBe(0);
      expectedSeq += 1;
    }
    expect(expectedSeq).toBe(log.lastSeq + 1);

    const reader = checkpoints.latest();
    if (reader === undefined) {
      expect(checkpointSeq).toBe(-1);
      expect(log.firstSeq).toBe(1);
    } else {
      const { seq, pageIds } = JSON.parse(Buffer.from(reader.manifest).toString()) as {
        seq: number;
        pageIds: number[];
      };
      expect(seq).toBeGreaterThanOrEqual(checkpointSeq);
      expect(log.firstSeq).toBeLessThanOrEqual(seq + 1);
      pageIds.forEach((pageId, index) => {
        expect(Buffer.compare(reader.page(pageId), pageOf(seq, index))).toBe(0);
      });
    }
    return log.lastSeq;
  } finally {
    await storage.close();
  }
}
