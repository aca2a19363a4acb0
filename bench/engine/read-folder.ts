/** Program: reads every file of a folder from beginning to end with one buffer of a MiB: the least that a restart can cost. */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';

export interface ReadFolderConfig {
  readonly path: string;
}

export interface ReadFolderAnswer {
  readonly tookMs: number;
  readonly sizeBytes: number;
}

const BUFFER_BYTES = 1 << 20;

const { path } = readConfig<ReadFolderConfig>();
const files = readdirSync(path, { recursive: true })
  .map((name) => join(path, String(name)))
  .filter((file) => statSync(file).isFile());
const buffer = Buffer.alloc(BUFFER_BYTES);
let sizeBytes = 0;
const startedMs = performance.now();
for (const file of files) {
  const descriptor = openSync(file, 'r');
  for (let size = BUFFER_BYTES; size > 0; ) {
    size = readSync(descriptor, buffer, 0, BUFFER_BYTES, null);
    sizeBytes += size;
  }
  closeSync(descriptor);
}
const result: ReadFolderAnswer = { tookMs: performance.now() - startedMs, sizeBytes };
answer(result);
endProgram();
