/** A folder for what a bench writes, gone when the program ends, however it ends (short of SIGKILL). */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TMPFS_MAGIC = 0x01021994;
let folder: string | undefined;

/** A new empty folder. */
export function makeFolder(name: string): string {
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), 'kith-bench-run-'));
    removeAtExit(folder);
  }
  return mkdtempSync(join(folder, `${name}-`));
}

export function removeAtExit(path: string): void {
  process.on('exit', () => rmSync(path, { recursive: true, force: true }));
}

/** True when files here are memory: syncs then cost nothing and durable figures mean nothing. */
export function isDiskMemory(path: string): boolean {
  return statfsSync(path).type === TMPFS_MAGIC;
}
