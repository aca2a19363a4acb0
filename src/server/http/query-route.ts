/** Queries over HTTP. When the client leaves, its query is cancelled: nobody waits for the answer. */

import { parseQueryRequest } from '../query-request.ts';
import { readBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { parseJsonBytes } from './json-text.ts';

/** Lists of 10,000 values fit. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

export async function queryRoute(exchange: Exchange): Promise<void> {
  const body = await readBody(exchange, {
    limitBytes: Math.min(BODY_LIMIT_BYTES, exchange.door.settings.limits.bodySizeBytes),
  });
  let json: unknown;
  try {
    json = parseJsonBytes(body.bytes);
  } finally {
    body.release();
  }
  const cancel = new AbortController();
  exchange.onLeave(() => cancel.abort());
  exchange.json(await exchange.door.engine.query(parseQueryRequest(json), cancel.signal));
}
