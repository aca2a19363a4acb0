/** Appends until the disk refuses, then tells what callers saw. Argument: storage path. */
import { writeSync } from 'node:fs';
import { EngineError } from '../../../src/model/error.ts';
import { openLmdbStorage } from '../../../src/storage/lmdb-storage.ts';

const [path = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
const codeOf = (error: unknown) => (error instanceof EngineError ? error.code : String(error));
process.on('unhandledRejection', (error) => say(`unhandled ${String(error)}`));

const storage = await openLmdbStorage({ path, commitDelayMs: 0 });
const { log, checkpoints } = storage;
const record = new Uint8Array(100_000);
let durableSeq = 0;
let codes: string[] = [];
while (codes.length === 0) {
  const seqs = Array.from({ length: 4 }, () => log.append(record));
  const results = await Promise.allSettled(seqs.map((seq) => log.durable(seq)));
  codes = results.filter((result) => result.status === 'rejected').map((result) => codeOf(result.reason));
  if (codes.length === 0) durableSeq = log.durableSeq;
}
say(`durable ${durableSeq}`);
say(`waiters ${codes.join(' ')}`);
try {
  log.append(record);
  say('append accepted');
} catch (error) {
  say(`append ${codeOf(error)}`);
}

const writer = checkpoints.begin();
const pageIds = new Set<number>();
try {
  for (let index = 0; index < 64; index += 1) {
    pageIds.add(writer.write(new Uint8Array(1 << 20)));
    await writer.drained();
  }
  await writer.commit(new Uint8Array(1), pageIds);
  say('checkpoint accepted');
} catch (error) {
  say(`checkpoint ${codeOf(error)}`);
  await writer.abort();
}
const next = checkpoints.begin();
await next.commit(new Uint8Array(3), new Set([next.write(new Uint8Array(1_000))]));
say(`next checkpoint ${checkpoints.latest()?.manifest.byteLength}`);
await storage.close();
say('closed');
