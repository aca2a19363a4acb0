/**
 * The data folder: `meta.json` (format, shard count), `lock` (process id of the owner), `segments.json`, `identity.json`, `suggestions.ndjson`, `shard-N/`. One process at a time: two
 * engines on one log would each believe that they alone number its records.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statfsSync,
  truncateSync,
} from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EngineError } from '../model/error.ts';
import { lockFolder } from '../storage/folder-lock.ts';
import { syncFolder, writeWholeFile } from '../storage/whole-file.ts';
import type { SuggestionRecord } from './matching/suggestion-store.ts';
import type { SegmentRecord } from './segment-store.ts';

const FORMAT_VERSION = 3;
const PORTION_LENGTH = 64 * 1024;
/** What a supervisor keeps at the top of its folder; here to know such a folder and leave it alone. */
export const CLUSTER_FILE = 'cluster.json';
export const META_FILE = 'meta.json';

export interface DataFolder {
  readonly path: string;
  readonly shardCount: number;
  readonly segments: SegmentRecord;
  readonly identity: SegmentRecord;
  readonly suggestions: SuggestionRecord;
  /** Bytes that may still be written on its disk. */
  freeBytes(): number;
  release(): void;
}

/** Errors: storage_failed when another process has it, invalid_request when the shard count differs from the one it was made with. */
export function openDataFolder(path: string, shardCount: number | undefined): DataFolder {
  const folder = resolve(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = lockFolder(folder);
  try {
    const count = checkMeta(join(folder, META_FILE), folder, shardCount);
    return {
      path: folder,
      shardCount: count,
      segments: fileRecord(join(folder, 'segments.json')),
      identity: fileRecord(join(folder, 'identity.json')),
      suggestions: lineRecord(join(folder, 'suggestions.ndjson')),
      freeBytes() {
        const { bavail, bsize } = statfsSync(folder);
        return bavail * bsize;
      },
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function checkMeta(metaPath: string, folder: string, shardCount: number | undefined): number {
  if (!existsSync(metaPath)) {
    if (existsSync(join(folder, CLUSTER_FILE))) {
      throw new EngineError(
        'invalid_request',
        `${folder} was made by kith serve --cluster: start it with --cluster, or export there and import into another folder`,
      );
    }
    const count = shardCount ?? 1;
    writeWholeFile(metaPath, `${JSON.stringify({ version: FORMAT_VERSION, shards: count })}\n`);
    return count;
  }
  const meta = readMeta(metaPath);
  if (meta.version !== FORMAT_VERSION) {
    throw new EngineError(
      'storage_failed',
      `${folder} has format ${meta.version}; this version reads ${FORMAT_VERSION}`,
    );
  }
  if (shardCount !== undefined && shardCount !== meta.shards) {
    throw new EngineError(
      'invalid_request',
      `${folder} was made with ${meta.shards} shard(s) and cannot be opened with ${shardCount}; kith export --events, and kith import into another folder, change that`,
    );
  }
  return meta.shards;
}

function readMeta(metaPath: string): { readonly version: number; readonly shards: number } {
  try {
    return JSON.parse(readFileSync(metaPath, 'utf8')) as { version: number; shards: number };
  } catch (error) {
    throw new EngineError('storage_failed', `${metaPath} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function failedAt(path: string): (error: unknown) => EngineError {
  return (error) => new EngineError('storage_failed', `${path}: ${(error as Error).message}`, { cause: error });
}

function fileRecord(path: string): SegmentRecord {
  const failed = failedAt(path);
  return {
    read() {
      if (!existsSync(path)) return undefined;
      try {
        return JSON.parse(readFileSync(path, 'utf8')) as unknown;
      } catch (error) {
        throw failed(error);
      }
    },
    write(content) {
      try {
        writeWholeFile(path, `${JSON.stringify(content)}\n`);
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

/** One JSON value a line. A line whose end is missing was cut off by a crash and was never acknowledged. */
function lineRecord(path: string): SuggestionRecord {
  const failed = failedAt(path);
  return {
    read() {
      if (!existsSync(path)) return [];
      try {
        const bytes = readFileSync(path);
        const end = bytes.lastIndexOf(0x0a) + 1;
        if (end < bytes.length) truncateSync(path, end);
        const lines = bytes.toString('utf8', 0, end).split('\n');
        return lines.slice(0, -1).map((line) => JSON.parse(line) as unknown);
      } catch (error) {
        throw failed(error);
      }
    },
    append(line) {
      try {
        const descriptor = openSync(path, 'a');
        try {
          appendFileSync(descriptor, `${JSON.stringify(line)}\n`);
          fsyncSync(descriptor);
        } finally {
          closeSync(descriptor);
        }
      } catch (error) {
        throw failed(error);
      }
    },
    async rewrite(lines, pause) {
      try {
        const draft = await openFile(`${path}.new`, 'w');
        try {
          for (const portion of portionsOf(lines)) {
            await draft.write(portion);
            await pause();
          }
          await draft.sync();
        } finally {
          await draft.close();
        }
        renameSync(`${path}.new`, path);
        syncFolder(dirname(path));
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

/** Texts of some lines each, as many as are made in less than a millisecond. */
function* portionsOf(lines: Iterable<unknown>): Generator<string> {
  let text = '';
  for (const line of lines) {
    text += `${JSON.stringify(line)}\n`;
    if (text.length < PORTION_LENGTH) continue;
    yield text;
    text = '';
  }
  yield text;
}
