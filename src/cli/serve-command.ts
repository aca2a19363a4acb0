/**
 * `kith serve`: settings → keys → engine → server, then waits for SIGTERM or SIGINT, which drains, checkpoints and ends.
 * The engine and the server are loaded only here, so that the other commands start at once.
 *
 * Standard output carries the ready line and nothing else; keys, logs and hints go to standard error.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { Engine } from '../engine/engine.ts';
import type { OpenOptions } from '../engine/open-options.ts';
import { type ConfigSource, type EngineSettings, loadSettings } from '../engine/settings.ts';
import { EngineError } from '../model/error.ts';
import { createLogger, type Logger } from '../runtime/logger.ts';
import type { RunningCluster } from '../supervisor/start-cluster.ts';
import { ensureKeys, keyFilePath, MEMORY_DATA, type ServerKeys } from './keys.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';

/** Handed in by `main.ts`, which knows where the engine is. */
export type OpenEngine = (options: OpenOptions) => Promise<Engine>;

export interface ServeOptions {
  readonly defaultConfigPath: string;
  readonly version: string;
  readonly config?: string | undefined;
  /** By option name. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** Resolves after the engine was closed. */
export async function runServe(options: ServeOptions, openEngine: OpenEngine, terminal: Terminal): Promise<void> {
  const settings = readServeSettings(options, terminal);
  const keys = ensureKeys(settings);
  const logger = createLogger({
    level: settings.logLevel,
    bindings: settings.cluster ? { role: 'supervisor' } : undefined,
  });
  if (settings.cluster) {
    await serveCluster(settings, keys, options.version, logger, terminal);
    return;
  }
  // Listens for the signal before anything is open, so that one during a long recovery is not lost.
  const stop = stopSignal(terminal);
  const { startServer } = await import('../server/server.ts');
  const engine = await openEngine(openOptionsOf(settings));
  try {
    const server = await startServer(engine, {
      host: settings.host,
      port: settings.port,
      keys: {
        write: [keys.writeKey],
        admin: [keys.adminKey],
        read: settings.readKey === '' ? [] : [settings.readKey],
      },
      tls: settings.tlsCert === '' ? undefined : { certFile: settings.tlsCert, keyFile: settings.tlsKey },
      limits: settings.limits,
      logger,
    });
    if (keys.fresh !== undefined) terminal.stderr.write(freshKeysText(keys, settings.data, terminal));
    await write(terminal.stdout, `kith listening on ${server.url}\n`);
    const signal = await stop.signal;
    logger.info('stopping', { signal });
    await server.close();
  } finally {
    stop.unsubscribe();
    await engine.close();
  }
}

/** The same from outside: the ready line, keys once, signals. A second signal hurries, a third ends by force. */
async function serveCluster(
  settings: EngineSettings,
  keys: ServerKeys,
  version: string,
  logger: Logger,
  terminal: Terminal,
): Promise<void> {
  let stopCount = 0;
  let cluster: RunningCluster | undefined;
  const onSignal = (signal: string): void => {
    logger.info('stopping', { signal });
    stopCount += 1;
    cluster?.stop();
  };
  const unsubscribe = terminal.onStop(onSignal, onSignal);
  try {
    const { startCluster } = await import('../supervisor/start-cluster.ts');
    const { environment } = terminal;
    cluster = await startCluster({ settings, keys, version, environment, logger });
    for (let i = 0; i < stopCount; i += 1) cluster.stop();
    try {
      const url = await cluster.url;
      if (keys.fresh !== undefined) terminal.stderr.write(freshKeysText(keys, settings.data, terminal));
      await write(terminal.stdout, `kith listening on ${url}\n`);
    } catch (error) {
      await cluster.ended;
      // Who stops a start has what he asked for.
      if (stopCount > 0) return;
      throw error;
    }
    await cluster.ended;
  } finally {
    unsubscribe();
  }
}

function openOptionsOf(settings: EngineSettings): OpenOptions {
  const { data, shards, workers, memoryLimitBytes, dedupWindowMs, dedupCount, commitDelayMs, limits } = settings;
  const { checkpointIntervalMs, historyRetentionMs } = settings;
  return {
    data,
    shards: shards === 0 ? undefined : shards,
    workers,
    memoryLimitBytes,
    dedupWindowMs,
    dedupCount,
    commitDelayMs,
    checkpointIntervalMs,
    historyRetentionMs,
    limits,
  };
}

export function readServeSettings(options: ServeOptions, terminal: Terminal): EngineSettings {
  const configs = [readConfig(options.defaultConfigPath)];
  if (options.config !== undefined) configs.push(readConfig(options.config));
  const { environment } = terminal;
  // Inside a container the container's limit counts, where Node knows it.
  const constrained = process.constrainedMemory?.() ?? 0;
  const memoryTotalBytes = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return loadSettings({ configs, environment, flags: options.flags, memoryTotalBytes });
}

function readConfig(path: string): ConfigSource {
  try {
    return { name: path, content: JSON.parse(readFileSync(path, 'utf8')) as unknown };
  } catch (error) {
    throw new EngineError('invalid_request', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

function stopSignal(terminal: Terminal): { readonly signal: Promise<string>; readonly unsubscribe: () => void } {
  let unsubscribe = (): void => {};
  const signal = new Promise<string>((resolve) => {
    unsubscribe = terminal.onStop(resolve);
  });
  return { signal, unsubscribe };
}

function freshKeysText(keys: ServerKeys, dataPath: string, terminal: Terminal): string {
  const { bold, dim } = colorsOf(terminal);
  const kept = `Kept in ${keyFilePath(dataPath)}; not shown again. Commands on this machine find them there.`;
  const where = dim(dataPath === MEMORY_DATA ? 'Kept nowhere, like the data.' : kept);
  return `\n  write key  ${bold(keys.writeKey)}\n  admin key  ${bold(keys.adminKey)}\n  ${where}\n\n`;
}
