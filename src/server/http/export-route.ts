/**
 * `GET /v1/export`: every profile as one line of JSON, as fast as the client reads and no faster. Between chunks other
 * callers get their turn. A failure behind the first chunk breaks the connection off, so that a client never takes a part for the
 * whole.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LookupOptions } from '../../model/profile.ts';
import { parseLookupQuery } from '../lookup/lookup-request.ts';
import type { HttpRequest } from '../transport/transport.ts';
import type { Exchange } from './exchange.ts';

const CHUNK_BYTES = 64 * 1024;
/** `?events=1` asks for all events of each profile. */
const ALL_EVENTS = 2 ** 31 - 1;
const NEWLINE = 0x0a;

export function exportRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const query = request.getQuery();
  const asked = query === undefined || query === '' ? undefined : parseLookupQuery(query);
  const hasEvents = (asked?.events ?? 0) > 0;
  return exportProfiles(
    exchange,
    asked === undefined ? undefined : { fields: asked.fields, ...(hasEvents ? { events: ALL_EVENTS } : {}) },
  );
}

async function exportProfiles(exchange: Exchange, options: LookupOptions | undefined): Promise<void> {
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let length = 0;
  let isStarted = false;
  const flush = async (): Promise<void> => {
    start();
    await exchange.write(chunk.subarray(0, length));
    length = 0;
    await nextTurn();
  };
  // Only when there is something to send: until then a failure has an answer of its own.
  const start = (): void => {
    if (!isStarted) exchange.startStream('application/x-ndjson');
    isStarted = true;
  };
  for await (const json of exchange.door.engine.exportProfiles(options)) {
    const neededBytes = json.length + 1;
    if (neededBytes > chunk.length) {
      // Copied first: the engine's bytes do not outlive a pause.
      const line = Buffer.allocUnsafe(neededBytes);
      line.set(json);
      line[json.length] = NEWLINE;
      if (length > 0) await flush();
      chunk = line;
      length = neededBytes;
      await flush();
      chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    } else {
      const isFull = length + neededBytes > chunk.length;
      const line = isFull ? Buffer.from(json) : json;
      if (isFull) await flush();
      chunk.set(line, length);
      chunk[length + line.length] = NEWLINE;
      length += neededBytes;
    }
    if (!exchange.isOpen) return;
  }
  if (length > 0) await flush();
  start();
  exchange.endStream();
}
