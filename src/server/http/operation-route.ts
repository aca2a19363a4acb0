/** Routes for balancers and monitors: alive, ready, metrics. Served also while the server closes. */
import type { Door } from '../door.ts';
import type { Exchange } from './exchange.ts';

/** The process lives. */
export function healthRoute(exchange: Exchange): void {
  exchange.json({ status: 'ok' });
}

/** The engine has recovered and serves; 503 before that and while shutting down, so that balancers send nothing. */
export function readyRoute(exchange: Exchange): void {
  const isServing = isReady(exchange.door);
  exchange.json({ status: isServing ? 'ready' : 'not_ready' }, isServing ? 200 : 503);
}

export function isReady(door: Door): boolean {
  return !door.lifecycle.isClosing && door.engine.stats().isReady;
}

export async function metricsRoute(exchange: Exchange): Promise<void> {
  const { metrics } = exchange.door;
  exchange.send(200, metrics.contentType, await metrics.render());
}
