/**
 * From headers to rights, and the two refusals: 401 when no key is known (never saying why), 403 when a known key
 * may not.
 */
import { EngineError } from '../../model/error.ts';
import { ADMIN, INGEST, READ } from '../auth/key-ring.ts';
import { isLocalCaller } from '../auth/loopback.ts';
import type { Door } from '../door.ts';
import type { HttpRequest } from '../transport/transport.ts';

/** `open`: anyone. `page`: anyone on a loopback host, else who may read. */
export type Access = 'open' | 'page' | 'ingest' | 'read' | 'admin';

/** Rights of the `Authorization` and `X-Write-Key` headers. Read before the handler's first await. */
export function rightsOfRequest(door: Door, request: HttpRequest): number {
  if (door.keys.isOpen) checkLocalCaller(request);
  const rights = door.keys.rightsOfAuthorization(request.getHeader('authorization'));
  const writeKey = request.getHeader('x-write-key');
  return writeKey === '' ? rights : rights | door.keys.rightsOfPair(writeKey);
}

/** Without keys only this machine is served, see auth/loopback.ts. */
export function checkLocalCaller(request: HttpRequest): void {
  if (isLocalCaller(request.getHeader('host'), request.getHeader('origin'))) return;
  throw new EngineError('forbidden', 'a server without keys answers only to localhost; set keys to serve other names');
}

export function requireRights(rights: number, needed: number): void {
  if ((rights & needed) === needed) return;
  throw rights === 0 ? unauthorized() : forbidden(needed);
}

export function unauthorized(): EngineError {
  return new EngineError(
    'unauthorized',
    'a valid key is needed: Authorization: Bearer KEY, or Basic with the key as user name',
  );
}

function forbidden(needed: number): EngineError {
  const kind = needed === INGEST ? 'a write or admin key' : needed === READ ? 'a read or admin key' : 'an admin key';
  return new EngineError('forbidden', `this needs ${kind}`);
}

export function neededRights(access: Access, isLoopback: boolean): number {
  if (access === 'ingest') return INGEST;
  if (access === 'read') return READ;
  if (access === 'admin') return ADMIN;
  return access === 'page' && !isLoopback ? READ : 0;
}
