/** PEM files for links by TLS, read from where the settings say. */
import { readFileSync } from 'node:fs';
import { EngineError } from '../model/error.ts';
import type { LinkFiles } from './control-protocol.ts';

/** Undefined for links without TLS. Errors: invalid_request when a file cannot be read. */
export function tlsOf(files: LinkFiles | undefined): Record<'cert' | 'key' | 'ca', Buffer> | undefined {
  if (files === undefined) return undefined;
  try {
    return { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile), ca: readFileSync(files.caFile) };
  } catch (error) {
    throw new EngineError('invalid_request', `links by TLS: ${(error as Error).message}`, { cause: error });
  }
}
