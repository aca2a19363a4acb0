/**
 * Appends records without end, writing `durable <seq>` for each that was acknowledged; every so often writes a
 * checkpoint and truncates the log behind it, writing `checkpoint <seq>`. Meant to be killed.
 * Arguments: storage path, seed.
 */
import { writeSync } from 'node:fs';
import { openLmdbStorage } from '../../../src/storage/lmdb-storage.ts';
import { pageOf, recordOf } from './crash-content.ts';

const [path = '', seed = '1'] = process.argv.slice(2);
const storage = await openLmdbStorage({ path, commitDelayMs: Number(seed) % 3 });
const { log, checkpoints } = storage;

async function appendForever(): Promise<void> {
  for (;;) {
    const seq = log.append(recordOf(log.lastSeq + 1));
    await log.durable(seq);
    writeSync(1, `durable ${seq}\n`);
  }
}

async function checkpointForever(): Promise<void> {
  for (;;) {
    const seq = log.durableSeq;
    const writer = checkpoints.begin();
    const pageIds: number[] = [];
    for (let index = 0; index < 8; index += 1) {
      pageIds.push(writer.write(pageOf(seq, index)));
      await writer.drained();
    }
    await writer.commit(Buffer.from(JSON.stringify({ seq, pageIds })), new Set(pageIds));
    writeSync(1, `checkpoint ${seq}\n`);
    await log.truncate(seq);
  }
}

await Promise.all([...Array.from({ length: 6 }, appendForever), checkpointForever()]);
