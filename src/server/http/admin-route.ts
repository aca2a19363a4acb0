/** Routes for whoever runs the engine; admin key only. */
import type { Exchange } from './exchange.ts';

/** Writes a checkpoint now, so that the next start replays little. */
export async function checkpointRoute(exchange: Exchange): Promise<void> {
  exchange.json(await exchange.door.engine.checkpoint());
}

/** Reads everything once: for tests and for comparing two servers, not for monitoring. */
export async function stateHashRoute(exchange: Exchange): Promise<void> {
  exchange.json({ stateHash: await exchange.door.engine.stateHash() });
}
