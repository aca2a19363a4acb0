/** Routes for balancers and monitors: alive, ready, metrics. Served also while the server closes. */
import { errorFields } from '../../runtime/logger.ts';
import type { Door } from '../door.ts';
import type { Exchange } from './exchange.ts';

/** The process lives. */
export function healthRoute(exchange: Exchange): void {
  exchange.json({ status: 'ok' });
}

/** The engine has recovered and serves; 503 before that and while shutting down, so that balancers send nothing. */
export async function readyRoute(exchange: Exchange): Promise<void> {
  const isServing = await isReady(exchange.door);
  exchange.json({ status: isServing ? 'ready' : 'not_ready' }, isServing ? 200 : 503);
}

/** Never rejects: an engine that cannot even say how it is does not serve. */
export async function isReady(door: Door): Promise<boolean> {
  if (door.lifecycle.isClosing) return false;
  try {
    const { isReady: isServing } = await door.engine.stats();
    return isServing && !door.lifecycle.isClosing;
  } catch (error) {
    door.settings.logger.warn('the engine cannot tell whether it is ready', errorFields(error));
    return false;
  }
}

export async function metricsRoute(exchange: Exchange): Promise<void> {
  const { metrics } = exchange.door;
  exchange.send(200, metrics.contentType, await metrics.render());
}
