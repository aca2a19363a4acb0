/**
 * `quarantine.ndjson` in the cluster's folder: what shards died of, one line each, so that it is refused after a restart of the cluster too, and
 * so that operators can look at what it was. It holds the items' bytes (base64, msgpack), so only its owner may read it. Written whole at
 * each change, which are few and bounded.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { QuarantineRecord } from '../cluster/quarantine.ts';
import { EngineError } from '../model/error.ts';
import { syncFolder } from '../storage/whole-file.ts';

export const QUARANTINE_FILE = 'quarantine.ndjson';
const OWNER_ONLY = 0o600;

/** Errors: storage_failed when it is there and cannot be read. */
export function readQuarantine(folder: string): QuarantineRecord[] {
  const path = join(folder, QUARANTINE_FILE);
  if (!existsSync(path)) return [];
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.flatMap((line, index) => (line === '' ? [] : [recordOf(line, index)]));
  } catch (error) {
    throw new EngineError('storage_failed', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Errors: storage_failed. */
export function writeQuarantine(folder: string, records: readonly QuarantineRecord[]): void {
  const path = join(folder, QUARANTINE_FILE);
  const draftPath = `${path}.new`;
  try {
    const descriptor = openSync(draftPath, 'w', OWNER_ONLY);
    try {
      writeFileSync(descriptor, records.map(lineOf).join(''));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draftPath, path);
    syncFolder(dirname(path));
  } catch (error) {
    throw new EngineError('storage_failed', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

function lineOf({ hash, atMs, shard, kind, what, event, messageId, bytes }: QuarantineRecord): string {
  const at = new Date(atMs).toISOString();
  const base64 =
    bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return `${JSON.stringify({ at, hash, shard, kind, what, event, messageId, bytes: base64 })}\n`;
}

function recordOf(line: string, index: number): QuarantineRecord {
  const wrong = (what: string): Error => new Error(`line ${index + 1}: ${what}`);
  const given = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const { at, hash, shard, kind, what, event, messageId, bytes } = given;
  const atMs = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(atMs)) throw wrong('at is no time');
  if (typeof hash !== 'string' || typeof shard !== 'number' || kind !== 'item') throw wrong('no record');
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    hash,
    atMs,
    shard,
    kind,
    what: text(what) ?? 'item',
    event: text(event),
    messageId: text(messageId),
    bytes: typeof bytes === 'string' ? Uint8Array.from(Buffer.from(bytes, 'base64')) : undefined,
  };
}
