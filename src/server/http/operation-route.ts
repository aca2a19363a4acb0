import type { Exchange } from './exchange.ts';

/** The process lives. */
export function healthRoute(exchange: Exchange): void {
  exchange.json({ status: 'ok' });
}

/** The engine has recovered and serves; 503 before that and while shutting down, so that balancers send nothing. */
export function readyRoute(exchange: Exchange): void {
  const isReady = exchange.door.engine.stats().isReady && !exchange.door.lifecycle.isClosing;
  exchange.json({ status: isReady ? 'ready' : 'not_ready' }, isReady ? 200 : 503);
}

export async function metricsRoute(exchange: Exchange): Promise<void> {
  const { metrics } = exchange.door;
  exchange.send(200, metrics.contentType, await metrics.render());
}
