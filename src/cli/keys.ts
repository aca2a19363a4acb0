/**
 * The keys of a data folder: made at the first start, kept in `<data>/keys.json` that only its owner can read, found
 * there by the other commands on the same machine.
 *
 * On another address than loopback nothing is made up: the keys must have been chosen (settings) or seen (a file from
 * an earlier start on loopback) by a person before the port opens to others.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../model/error.ts';

/** A data "folder" that is none: nothing is kept, keys neither. */
export const MEMORY_DATA = ':memory:';

export interface KeyFile {
  readonly writeKey: string;
  readonly adminKey: string;
}

export interface ServerKeys {
  readonly writeKey: string;
  readonly adminKey: string;
  /** Keys that were just made, to be printed once. */
  readonly fresh: KeyFile | undefined;
}

export function keyFilePath(dataPath: string): string {
  return join(dataPath, 'keys.json');
}

/** Undefined when there is no file. Errors: invalid_request when it cannot be read as keys. */
export function readKeyFile(dataPath: string): KeyFile | undefined {
  const path = keyFilePath(dataPath);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new EngineError('invalid_request', `${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const { writeKey, adminKey } = JSON.parse(text) as Partial<Record<keyof KeyFile, unknown>>;
    if (typeof writeKey === 'string' && typeof adminKey === 'string' && writeKey !== '' && adminKey !== '') {
      return { writeKey, adminKey };
    }
  } catch {
    // Told below, together with missing keys.
  }
  throw new EngineError('invalid_request', `${path} must hold {"writeKey":"…","adminKey":"…"}; mend or remove it`);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Errors: invalid_request when keys are missing and `host` is open to others. */
export function ensureKeys(settings: {
  readonly data: string;
  readonly host: string;
  readonly writeKey: string;
  readonly adminKey: string;
}): ServerKeys {
  const { data, host, writeKey, adminKey } = settings;
  if (writeKey !== '' && adminKey !== '') return { writeKey, adminKey, fresh: undefined };
  const path = keyFilePath(data);
  const kept = data === MEMORY_DATA ? undefined : readKeyFile(data);
  if (kept !== undefined) {
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    return { writeKey: writeKey || kept.writeKey, adminKey: adminKey || kept.adminKey, fresh: undefined };
  }
  if (!isLoopback(host)) {
    throw new EngineError(
      'invalid_request',
      `will not listen on ${host} without keys: set KITH_WRITE_KEY and KITH_ADMIN_KEY, or start once on 127.0.0.1, which makes them and keeps them in ${path}`,
    );
  }
  const fresh = { writeKey: writeKey || makeKey('write'), adminKey: adminKey || makeKey('admin') };
  if (data === MEMORY_DATA) return { ...fresh, fresh };
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(path, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return { ...fresh, fresh };
}

function makeKey(role: string): string {
  return `${role}_${randomBytes(24).toString('base64url')}`;
}
