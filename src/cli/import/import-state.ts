/**
 * Where an import stands, in a small file beside the data, so that the same command goes on after an interruption. It
 * counts only for the same content, mapping and server. Once everything is sent it stays as the mark that it is done,
 * because the server remembers message ids only for a while.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EngineError } from '../../model/error.ts';
import type { TallyState } from './tally.ts';

export interface ImportState {
  readonly version: 1;
  /** Hash of content, mapping and server. */
  readonly key: string;
  /** Every row up to here is done with. */
  readonly row: number;
  readonly isDone: boolean;
  readonly tally: TallyState;
}

export function statePath(file: string, stateFolder: string | undefined): string {
  const name = `${file}.kith-progress.json`;
  return stateFolder === undefined ? name : join(stateFolder, basename(name));
}

export function hashKey(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Undefined when there is none. Errors: invalid_request when the file is there and no state. */
export async function readState(path: string): Promise<ImportState | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as ImportState;
    if (state.version === 1 && Number.isSafeInteger(state.row) && typeof state.tally === 'object') return state;
  } catch {
    // Told below.
  }
  throw new EngineError('invalid_request', `${path} is no import state; remove it or give --restart`);
}

/** Written beside and renamed, so that a crash leaves the old state or the new one. */
export async function writeState(path: string, state: ImportState): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await writeFile(temporary, `${JSON.stringify(state)}\n`);
    await rename(temporary, path);
  } catch (error) {
    const message = `cannot remember how far the import came (${(error as Error).message}); give --state-dir FOLDER`;
    throw new EngineError('invalid_request', message, { cause: error });
  }
}

/** UUID-form text for a row's item: the same file, mapping and row give the same id in every run. */
export function rowMessageId(key: string, row: number, kind: 'identify' | 'track'): string {
  const rowHex = row.toString(16).padStart(12, '0');
  const variant = kind === 'track' ? '8' : '9';
  return `${key.slice(0, 8)}-${key.slice(8, 12)}-4${key.slice(12, 15)}-${variant}${key.slice(15, 18)}-${rowHex}`;
}
