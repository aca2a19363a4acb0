/** Small files that are there with all of their content or not at all, whatever ends the process or the machine. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Draft, sync, rename, sync of the folder. */
export function writeWholeFile(path: string, content: string): void {
  const draftPath = `${path}.new`;
  writeFileSync(draftPath, content);
  const descriptor = openSync(draftPath, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draftPath, path);
  syncFolder(dirname(path));
}

/** The renaming itself is on disk only when the folder is; Windows has no such call, and no need. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
