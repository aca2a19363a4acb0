/**
 * One process at a time in a folder: the file `lock` names its owner by process id and by when that process started, so
 * that a later process with the same id is not taken for it. A dead owner's lock is taken over.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../model/error.ts';

const openHere = new Set<string>();

export interface FolderLock {
  release(): void;
}

/** `folder` must exist. Errors: storage_failed when this or another process has it. */
export function lockFolder(folder: string): FolderLock {
  if (openHere.has(folder)) throw new EngineError('storage_failed', `this process already has ${folder} open`);
  const lockPath = join(folder, 'lock');
  const mine = [process.pid, statOf(process.pid)[1]].join(' ').trim();
  for (let isFirst = true; ; isFirst = false) {
    try {
      // Exclusive: of two that start at the same time one sees the other's.
      writeFileSync(lockPath, mine, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFirst) throw error;
    }
    const owner = ownerOf(lockPath);
    if (owner !== undefined) {
      throw new EngineError(
        'storage_failed',
        `${folder} is in use by process ${owner}; stop it first, or use another folder`,
      );
    }
    rmSync(lockPath, { force: true });
  }
  openHere.add(folder);
  return {
    release() {
      openHere.delete(folder);
      rmSync(lockPath, { force: true });
    },
  };
}

/** The process that holds the lock; undefined when it is gone. */
function ownerOf(lockPath: string): number | undefined {
  const [id, start] = readFileSync(lockPath, 'utf8').split(' ');
  const owner = Number(id);
  if (!Number.isInteger(owner) || owner <= 0 || owner === process.pid || !isAlive(owner)) return undefined;
  const [state, startNow] = statOf(owner);
  // Ended, and only its parent has not looked yet.
  if (state === 'Z') return undefined;
  return start !== undefined && startNow !== '' && start !== startNow ? undefined : owner;
}

/** The process' state, and when it started in ticks since the machine did; empty where the system does not tell. */
function statOf(processId: number): readonly [state: string, start: string] {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    // The second field is a name in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [fields[0] ?? '', fields[19] ?? ''];
  } catch {
    return ['', ''];
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
