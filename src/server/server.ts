/**
 * The network doors of an engine: HTTP and WebSocket on one port, keys, limits, metrics and documentation. The engine
 * is the caller's: it is opened before and closed after. Refuses to start where strangers could come in without a key.
 */
import type { Gateway } from '../engine/gateway.ts';
import { KeyRing } from './auth/key-ring.ts';
import { checkExposure, isLoopbackHost } from './auth/loopback.ts';
import type { Door } from './door.ts';
import { BodyBudget } from './http/body-budget.ts';
import { STREAM_PATH } from './http/route.ts';
import { addRoutes } from './http/router.ts';
import { IngestTurns } from './ingest-turns.ts';
import { Lifecycle } from './lifecycle.ts';
import { BytePage } from './lookup/byte-page.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import { openApiJson } from './openapi/document.ts';
import { resolveOptions, type ServerOptions } from './options.ts';
import { StreamRoute } from './stream/stream-route.ts';
import { type App, createApp, listenOn, watchConnections } from './transport/transport.ts';

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Takes nothing new, answers what is under way, closes every connection. Idempotent; the engine stays open. */
  close(): Promise<void>;
}

/** Throws `EngineError` when the options are unsafe, the port is taken or the certificate cannot be read. */
export async function startServer(engine: Gateway, options: ServerOptions = {}): Promise<RunningServer> {
  const settings = resolveOptions(options);
  const keys = new KeyRing(settings.keys);
  checkExposure(settings.host, !keys.isOpen);
  const lifecycle = new Lifecycle();
  const app = createApp(settings.tls);
  const metrics = new ServerMetrics(engine, lifecycle);
  const door: Door = {
    engine,
    settings,
    keys,
    lifecycle,
    metrics,
    bodies: new BodyBudget(settings.maxBodyBytesInFlight),
    ingestTurns: new IngestTurns(),
    isLoopback: isLoopbackHost(settings.host),
  };
  const page = new BytePage();
  const stream = new StreamRoute(door);
  limitConnections(app, door);
  stream.addTo(app, STREAM_PATH, page);
  addRoutes(app, door, page, openApiJson);
  try {
    const listening = await listenOn(app, settings.host, settings.port, settings.isPortShared);
    const url = urlOf(settings.host, listening.port, settings.tls !== undefined);
    settings.logger.info('listening', { host: settings.host, port: listening.port, isTls: settings.tls !== undefined });
    let closed: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      listening.stop();
      const isDrained = await lifecycle.close(settings.timeouts.drainMs);
      if (!isDrained) settings.logger.warn('closing with requests in flight', { inFlight: lifecycle.inFlight });
      stream.endAll();
      // Acks and close frames leave in this turn; idle keep-alive connections have nothing to wait for.
      await new Promise((resolve) => setImmediate(resolve));
      app.close();
      metrics.close();
      settings.logger.info('closed', { port: listening.port });
    };
    return { url, port: listening.port, close: () => (closed ??= close()) };
  } catch (error) {
    app.close();
    metrics.close();
    throw error;
  }
}

/** Past the limit a connection is closed before it can say anything: no memory for it, and no time. */
function limitConnections(app: App, door: Door): void {
  const { metrics, settings } = door;
  watchConnections(app, (change, refuse) => {
    metrics.connections += change;
    if (change < 0 || metrics.connections <= settings.maxConnections) return;
    metrics.connectionsRefused += 1;
    refuse();
  });
}

function urlOf(host: string, port: number, isTls: boolean): string {
  const name =
    host === '0.0.0.0' || host === '' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `${isTls ? 'https' : 'http'}://${name}:${port}`;
}
