/** What `startServer` takes, and the defaults: safe on a laptop, each bound with its reason. */
import { DEFAULT_INGEST_LIMITS, type IngestLimits } from '../model/limits.ts';
import { type Logger, silentLogger } from '../runtime/logger.ts';
import type { TlsFiles } from './transport/transport.ts';

export interface ServerKeys {
  /** May ingest. */
  readonly write: readonly string[];
  /** May do everything. */
  readonly admin: readonly string[];
  /** May look up, query and export. */
  readonly read: readonly string[];
}

export interface ServerTimeouts {
  /** A WebSocket that has not said its key by then is closed. */
  readonly authMs: number;
  /**
   * A WebSocket that sent nothing, not even the pong to a ping, is closed: finds half-open connections. 8 s to 960
   * s.
   */
  readonly idleMs: number;
  /** How long a slow reader may take to empty its buffer, once told to go, before it is cut off. */
  readonly slowReaderMs: number;
  /** How long `close` waits for requests in flight. */
  readonly drainMs: number;
}

export interface StreamLimits {
  /** Ingest frames that a client may have unacknowledged. Twice as many are tolerated, more are refused. */
  readonly creditFrames: number;
  /** Bytes that wait for one client to read them: past it the client is a slow reader. */
  readonly sendBufferBytes: number;
  /** Queries of one connection that run at the same time. */
  readonly queryCount: number;
  /** Profiles that one connection may wait for at the same time, where the engine answers later; each may be large. */
  readonly lookupCount: number;
}

export interface ServerOptions {
  readonly host?: string | undefined;
  /** 0 = any free port. */
  readonly port?: number | undefined;
  /** Other servers may listen on the same port and get a share of its connections. Default: the port is taken whole. */
  readonly isPortShared?: boolean | undefined;
  readonly keys?: Partial<ServerKeys> | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly limits?: IngestLimits | undefined;
  readonly maxConnections?: number | undefined;
  /** Bytes of request bodies in memory at once, over all connections. */
  readonly maxBodyBytesInFlight?: number | undefined;
  readonly timeouts?: Partial<ServerTimeouts> | undefined;
  readonly stream?: Partial<StreamLimits> | undefined;
  readonly logger?: Logger | undefined;
  readonly clock?: { nowMs(): number } | undefined;
}

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly isPortShared: boolean;
  readonly keys: ServerKeys;
  readonly tls: TlsFiles | undefined;
  readonly limits: IngestLimits;
  readonly maxConnections: number;
  readonly maxBodyBytesInFlight: number;
  readonly timeouts: ServerTimeouts;
  readonly stream: StreamLimits;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
}

const DEFAULT_TIMEOUTS: ServerTimeouts = { authMs: 10_000, idleMs: 60_000, slowReaderMs: 10_000, drainMs: 15_000 };
// 64 frames of 100 events cover 20 ms of group commit at 300 k events/s on one connection.
const DEFAULT_STREAM: StreamLimits = {
  creditFrames: 64,
  sendBufferBytes: 4 * 1024 * 1024,
  queryCount: 16,
  lookupCount: 10_000,
};

export function resolveOptions(options: ServerOptions): ServerSettings {
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 8080,
    isPortShared: options.isPortShared ?? false,
    keys: { write: options.keys?.write ?? [], admin: options.keys?.admin ?? [], read: options.keys?.read ?? [] },
    tls: options.tls,
    limits: options.limits ?? DEFAULT_INGEST_LIMITS,
    maxConnections: options.maxConnections ?? 10_000,
    maxBodyBytesInFlight: options.maxBodyBytesInFlight ?? 256 * 1024 * 1024,
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    stream: { ...DEFAULT_STREAM, ...options.stream },
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? { nowMs: () => Date.now() },
  };
}
