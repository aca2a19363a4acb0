/**
 * The data folder of a cluster: `cluster.json` (format, hash seed, epoch, slots), `lock` (the supervisor's), `shard-N/`
 * (an engine's folder each), `run/` (sockets), and `keys.json` as in an embedded engine's folder. A folder is of one
 * kind from its first start on. Epochs are taken from the file in blocks, so that they grow over restarts without a write
 * at each change.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CLUSTER_FILE, META_FILE } from '../engine/data-folder.ts';
import { EngineError } from '../model/error.ts';
import { SLOT_COUNT } from '../model/limits.ts';
import type { RandomSource } from '../runtime/random.ts';
import { lockFolder } from '../storage/folder-lock.ts';
import { writeWholeFile } from '../storage/whole-file.ts';
import { evenSlotOwners, rangesOf, slotOwnersOf } from './slot-ranges.ts';

const FORMAT_VERSION = 1;
const EPOCH_BLOCK = 1_000;
/** A socket's path ends within 108 bytes, its last zero byte included (104 on macOS). */
const SOCKET_PATH_BYTES_MAX = 103;
const LONGEST_SOCKET_NAME = 'shard-1023.sock';

/** What is to be kept anew. */
export interface ClusterChange {
  readonly shardCount?: number;
  readonly slotOwners?: readonly number[];
  /** null = nothing is being changed any more. */
  readonly targetShards?: number | null;
}

export interface ClusterRecord {
  readonly shardCount: number;
  /** What the number of shards is being changed to. */
  readonly targetShards?: number | undefined;
  readonly hashSeed: number;
  readonly slotOwners: readonly number[];
}

export interface ClusterFolder {
  readonly path: string;
  /** As it is on disk. */
  readonly record: ClusterRecord;
  /** On disk when it returns. Errors: storage_failed. */
  keep(change: ClusterChange): void;
  /** Was it made by this call? */
  readonly isNew: boolean;
  /** For the sockets of this start only: no other start has had their names. Mode 0700. */
  readonly runPath: string;
  /** The engine folder of a shard. */
  shardPath(index: number): string;
  /** Larger than any before, over restarts too. */
  nextEpoch(): number;
  /** Takes the sockets away and lets the folder go. */
  release(): void;
}

export interface ClusterFolderOptions {
  /** Absent: as the folder was made, or `defaultShards`. */
  readonly shards: number | undefined;
  readonly defaultShards: number;
  readonly random: RandomSource;
  /** Told when the file cannot be written later on, such as on a full disk. */
  onFault(error: EngineError): void;
}

/** Errors: storage_failed when another process has it or it cannot be read or written; invalid_request when it is of another kind or has other shards. */
export function openClusterFolder(path: string, options: ClusterFolderOptions): ClusterFolder {
  const folder = resolve(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = lockFolder(folder);
  try {
    refuseEmbedded(folder);
    const filePath = join(folder, CLUSTER_FILE);
    const kept = existsSync(filePath) ? readRecord(filePath) : undefined;
    if (kept !== undefined && options.shards !== undefined && options.shards !== kept.shardCount) {
      throw new EngineError(
        'invalid_request',
        `${folder} has ${kept.shardCount} shard(s) and cannot be opened with ${options.shards}: start it without --shards, then kith cluster rebalance --shards ${options.shards}`,
      );
    }
    let record: ClusterRecord = kept ?? newRecord(options.shards ?? options.defaultShards, options.random);
    let epoch = kept?.epochLimit ?? 0;
    let epochLimit = epoch;
    const reserveEpochs = (): void => {
      writeRecord(filePath, record, epoch + EPOCH_BLOCK);
      epochLimit = epoch + EPOCH_BLOCK;
    };
    const nextEpoch = (): number => {
      if (epoch >= epochLimit) {
        try {
          reserveEpochs();
        } catch (error) {
          // The processes must hear of the change in any case; the file is tried again at the next one.
          options.onFault(error as EngineError);
        }
      }
      epoch += 1;
      return epoch;
    };
    reserveEpochs();
    const runPath = makeRunFolder(folder);
    return {
      path: folder,
      get record() {
        return record;
      },
      keep({ targetShards, ...change }) {
        const next: ClusterRecord = {
          ...record,
          ...change,
          ...(targetShards === undefined ? {} : { targetShards: targetShards ?? undefined }),
        };
        writeRecord(filePath, next, epochLimit);
        record = next;
      },
      isNew: kept === undefined,
      runPath,
      shardPath: (index) => join(folder, `shard-${index}`),
      nextEpoch,
      release() {
        rmSync(runPath, { recursive: true, force: true });
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function refuseEmbedded(folder: string): void {
  if (!existsSync(join(folder, META_FILE))) return;
  throw new EngineError(
    'invalid_request',
    `${folder} was made without --cluster: start it without, or export there and import into another folder`,
  );
}

function newRecord(shardCount: number, random: RandomSource): ClusterRecord {
  return { shardCount, hashSeed: random.nextUint32(), slotOwners: evenSlotOwners(shardCount) };
}

function writeRecord(filePath: string, record: ClusterRecord, epochLimit: number): void {
  const { shardCount, hashSeed, slotOwners, targetShards } = record;
  const content = {
    version: FORMAT_VERSION,
    shards: shardCount,
    hashSeed,
    epoch: epochLimit,
    slots: rangesOf(slotOwners),
    ...(targetShards === undefined ? {} : { targetShards }),
  };
  try {
    writeWholeFile(filePath, `${JSON.stringify(content)}\n`);
  } catch (error) {
    throw new EngineError('storage_failed', `${filePath}: ${(error as Error).message}`, { cause: error });
  }
}

function readRecord(filePath: string): ClusterRecord & { readonly epochLimit: number } {
  const failed = (reason: string, cause?: unknown): EngineError =>
    new EngineError('storage_failed', `${filePath} cannot be read: ${reason}`, { cause });
  let content: Readonly<Record<string, unknown>>;
  try {
    content = JSON.parse(readFileSync(filePath, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw failed((error as Error).message, error);
  }
  const { version, shards, hashSeed, epoch, slots, targetShards } = content;
  if (version !== FORMAT_VERSION) {
    throw failed(`it has format ${String(version)}; this version reads ${FORMAT_VERSION}`);
  }
  const isWhole = (value: unknown, max: number): value is number =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max;
  if (!isWhole(shards, SLOT_COUNT) || shards < 1) throw failed('shards is no count');
  if (targetShards !== undefined && (!isWhole(targetShards, SLOT_COUNT) || targetShards < 1)) {
    throw failed('targetShards is no count');
  }
  if (!isWhole(hashSeed, 0xffff_ffff)) throw failed('hashSeed is no number of 32 bits');
  if (!isWhole(epoch, Number.MAX_SAFE_INTEGER)) throw failed('epoch is no whole number');
  try {
    return { shardCount: shards, hashSeed, epochLimit: epoch, targetShards, slotOwners: slotOwnersOf(slots, shards) };
  } catch (error) {
    throw failed((error as Error).message, error);
  }
}

/** Sockets of earlier starts go: their names are never used again, so who still has one open is not disturbed. */
function makeRunFolder(folder: string): string {
  const start = randomBytes(4).toString('hex');
  let parent = join(folder, 'run');
  const longest = join(parent, start, LONGEST_SOCKET_NAME);
  if (Buffer.byteLength(longest) > SOCKET_PATH_BYTES_MAX) {
    // By the folder's name, so that the next start finds what this one left.
    const hash = createHash('sha256').update(folder).digest('hex').slice(0, 12);
    parent = join(tmpdir(), `kith-${process.getuid?.() ?? 0}-${hash}`);
  }
  rmSync(parent, { recursive: true, force: true });
  const path = join(parent, start);
  // Made by this call and nobody else: in a temporary folder that others write to, a folder that is there already may be theirs.
  mkdirSync(parent, { mode: 0o700 });
  mkdirSync(path, { mode: 0o700 });
  return path;
}
