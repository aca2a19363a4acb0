/**
 * Puts files out of the kernel's memory. Node cannot give that advice (`posix_fadvise`), `dd` can, without any right;
 * `fincore` tells whether it was taken.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './child.ts';
import { findProgram } from './program.ts';

/** A file counts as out of memory when no more of it is left than this. */
const SHARE_LEFT_MAX = 0.02;

export function canEvict(): boolean {
  return findProgram('dd') !== undefined && findProgram('fincore') !== undefined;
}

/** False when the kernel kept some of it. */
export async function evict(folder: string): Promise<boolean> {
  const files = readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((file) => statSync(file).isFile() && statSync(file).size > 0);
  for (const file of files) {
    await runCommand('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none']);
  }
  const { lines } = await runCommand('fincore', ['--bytes', '--noheadings', '--output', 'RES', ...files]);
  const leftBytes = lines.reduce((sum, line) => sum + Number(line), 0);
  const sizeBytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  return leftBytes <= sizeBytes * SHARE_LEFT_MAX;
}
