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
  if (await isReady(exchange.door)) exchange.json({ status: 'ready' });
  else exchange.json({ status: 'not_ready', ...(await missingShards(exchange.door)) }, 503);
}

/** Which shards keep it from being ready, and why, where there are several processes. */
async function missingShards(door: Door): Promise<object> {
  try {
    const { mode, shards } = await door.engine.cluster();
    if (mode === 'embedded') return {};
    const missing = shards.filter(({ state }) => state !== 'up');
    return { shards: missing.map(({ index, state, note }) => ({ index, state, note })) };
  } catch {
    // Who is not ready for want of a supervisor cannot ask it.
    return {};
  }
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
