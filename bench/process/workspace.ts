/**
 * A folder for what a bench writes, gone when the program ends; one that a killed program left is removed by the next,
 * because copies of data folders are large. The process id is in the name.
 */
import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'kith-bench-run-';
const TMPFS_MAGIC = 0x01021994;
let folder: string | undefined;

/** A new empty folder. */
export function makeFolder(name: string): string {
  if (folder === undefined) {
    removeLeftovers();
    folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
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

function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (!(owner > 0) || isAlive(owner)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's: theirs to remove.
    }
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
