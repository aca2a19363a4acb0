/** `GET /v1/cluster`: which processes there are and which slots each of them has. `POST /v1/cluster/rebalance`: another number of shards. */
import { EngineError } from '../../model/error.ts';
import type { Exchange } from './exchange.ts';
import { readJson } from './query-route.ts';

export async function clusterRoute(exchange: Exchange): Promise<void> {
  exchange.json(await exchange.door.engine.cluster());
}

/** 202: it has begun; `GET /v1/cluster` tells how far it is. */
export async function rebalanceRoute(exchange: Exchange): Promise<void> {
  const { engine } = exchange.door;
  const body = await readJson(exchange);
  const shards = typeof body === 'object' && body !== null && 'shards' in body ? body.shards : undefined;
  if (typeof shards !== 'number') throw new EngineError('invalid_request', 'the body must be {"shards": a number}');
  if (engine.rebalance === undefined) {
    throw new EngineError(
      'invalid_request',
      'this server is one process: its number of shards is changed by kith export --events and kith import into another folder',
    );
  }
  exchange.json(await engine.rebalance(shards), 202);
}
