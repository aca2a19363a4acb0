/** `GET /v1/cluster/quarantine` and `DELETE /v1/cluster/quarantine/{hash}`: what shards died of, and the way out. Routers have one. */
import { EngineError } from '../../model/error.ts';
import type { HttpRequest } from '../transport/transport.ts';
import type { Exchange } from './exchange.ts';

const PREFIX_LENGTH = '/v1/cluster/quarantine/'.length;

export async function quarantineRoute(exchange: Exchange): Promise<void> {
  const quarantined = (await exchange.door.engine.quarantine?.list()) ?? [];
  exchange.json({ quarantined });
}

export async function releaseRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const hash = decoded(request.getUrl().slice(PREFIX_LENGTH));
  const { quarantine } = exchange.door.engine;
  if (quarantine === undefined) throw new EngineError('not_found', 'a server in one process quarantines nothing');
  await quarantine.release(hash);
  exchange.json({ released: true });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new EngineError('malformed_request', 'the hash in the path cannot be decoded');
  }
}
