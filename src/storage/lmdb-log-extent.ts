/**
 * What an opened log holds: its first and last seq, checked to be without a gap. The check costs no scan: LMDB counts
 * the entries, and as many keys as seqs from first to last means that none is missing.
 */
import type { EngineError } from '../model/error.ts';
import { keysOf, type LmdbEnvironment, readBytes, sizeOf } from './lmdb-environment.ts';
import { decodeLogHeader, encodeLogHeader, LOG_HEADER_KEY } from './log-header.ts';
import { storageFailure } from './storage-failure.ts';

export interface LogExtent {
  readonly firstSeq: number;
  /** `firstSeq - 1` when the log is empty. */
  readonly lastSeq: number;
}

/** Writes the header of a new log. Errors: storage_failed when records are missing or the format is unknown. */
export function findLogExtent(environment: LmdbEnvironment): LogExtent {
  const { path, root } = environment;
  const header = readBytes(root, LOG_HEADER_KEY);
  const { entryCount } = sizeOf(root);
  if (header === undefined && entryCount === 0) {
    root.putSync(LOG_HEADER_KEY, encodeLogHeader(1));
    return { firstSeq: 1, lastSeq: 0 };
  }
  const firstSeq = header === undefined ? undefined : decodeLogHeader(header);
  if (firstSeq === undefined) throw storageFailure(`The event log at ${path} is not one that this version can read`);
  const recordCount = entryCount - 1;
  const lastSeq = recordCount === 0 ? firstSeq - 1 : newestKey(environment);
  if (lastSeq - firstSeq + 1 !== recordCount) throw gapFailure(environment, firstSeq, lastSeq, recordCount);
  return { firstSeq, lastSeq };
}

function newestKey(environment: LmdbEnvironment): number {
  for (const key of keysOf(environment.root, 'descending')) return key;
  return LOG_HEADER_KEY;
}

function gapFailure(environment: LmdbEnvironment, firstSeq: number, lastSeq: number, recordCount: number): EngineError {
  let expected = firstSeq;
  for (const key of keysOf(environment.root, 'ascending')) {
    if (key === LOG_HEADER_KEY) continue;
    if (key !== expected) break;
    expected += 1;
  }
  return storageFailure(
    `The event log at ${environment.path} should hold records ${firstSeq} to ${lastSeq} but has ${recordCount} of them; ` +
      `the first that is wrong or missing is ${expected}`,
  );
}
