/**
 * The data folder: `meta.json` (format, shard count), `lock` (process id of the owner), `shard-N/`. One process at a time: two
 * engines on one log would each believe that they alone number its records.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EngineError } from '../model/error.ts';

const FORMAT_VERSION = 1;
const openHere = new Set<string>();

export interface DataFolder {
  readonly path: string;
  readonly shardCount: number;
  release(): void;
}

/** Errors: storage_failed when another process has it, invalid_request when the shard count differs from the one it was made with. */
export function openDataFolder(path: string, shardCount: number | undefined): DataFolder {
  const folder = resolve(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lockPath = join(folder, 'lock');
  takeLock(folder, lockPath);
  try {
    const count = checkMeta(join(folder, 'meta.json'), folder, shardCount);
    return {
      path: folder,
      shardCount: count,
      release() {
        openHere.delete(folder);
        rmSync(lockPath, { force: true });
      },
    };
  } catch (error) {
    openHere.delete(folder);
    rmSync(lockPath, { force: true });
    throw error;
  }
}

function takeLock(folder: string, lockPath: string): void {
  if (openHere.has(folder)) throw new EngineError('storage_failed', `this process already has ${folder} open`);
  if (existsSync(lockPath)) {
    const owner = Number(readFileSync(lockPath, 'utf8'));
    if (Number.isInteger(owner) && owner > 0 && owner !== process.pid && isAlive(owner)) {
      throw new EngineError(
        'storage_failed',
        `${folder} is in use by process ${owner}; stop it first, or use another folder`,
      );
    }
  }
  writeFileSync(lockPath, String(process.pid));
  openHere.add(folder);
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function checkMeta(metaPath: string, folder: string, shardCount: number | undefined): number {
  if (!existsSync(metaPath)) {
    const count = shardCount ?? 1;
    writeFileSync(metaPath, `${JSON.stringify({ version: FORMAT_VERSION, shards: count })}\n`);
    return count;
  }
  const meta = JSON.parse(readFileSync(metaPath, 'utf8')) as { version: number; shards: number };
  if (meta.version !== FORMAT_VERSION) {
    throw new EngineError(
      'storage_failed',
      `${folder} has format ${meta.version}; this version reads ${FORMAT_VERSION}`,
    );
  }
  if (shardCount !== undefined && shardCount !== meta.shards) {
    throw new EngineError(
      'invalid_request',
      `${folder} was made with ${meta.shards} shard(s) and cannot be opened with ${shardCount}; export and import to change that`,
    );
  }
  return meta.shards;
}
