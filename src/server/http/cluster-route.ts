/** `GET /v1/cluster`: which processes there are and which slots each of them has. */
import type { Exchange } from './exchange.ts';

export async function clusterRoute(exchange: Exchange): Promise<void> {
  exchange.json(await exchange.door.engine.cluster());
}
