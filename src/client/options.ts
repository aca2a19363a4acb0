/** What `connect` takes, and the defaults; each bound with its reason. */
import { ACK_LEVELS, type AckLevel } from '../model/ingest.ts';
import { KithError } from './kith-error.ts';

export interface BatchOptions {
  /** Items that fill a batch. Default 100. */
  readonly maxCount?: number | undefined;
  /** How long the first item of a batch waits for company. Default 5; 0 = until the end of the current turn of the event loop. */
  readonly maxDelayMs?: number | undefined;
  /** Encoded bytes that fill a batch; also the most for one item. Default 512 KiB. */
  readonly maxBytes?: number | undefined;
}

/** `auto` = directly to the shard that owns a person where every shard has a door of its own, else all to `url`. */
export type Routing = 'auto' | 'router' | 'direct';

export interface ClientWarning {
  readonly code: 'connection_lost' | 'refused' | 'direct_routing' | 'cluster_map' | 'batch_too_large';
  readonly message: string;
  /** The door it is about. */
  readonly url: string;
}

export interface ConnectOptions {
  /** `http://`, `https://`, `ws://` or `wss://`. Default `http://127.0.0.1:8080`. */
  readonly url?: string | undefined;
  /** A write key sends, a read key looks up and asks, an admin key may all. */
  readonly key?: string | undefined;
  /** When a sent item counts as done: `durable` (default) = on disk, `applied` = seen by lookups and queries, `received` = taken over. */
  readonly ack?: AckLevel | undefined;
  readonly routing?: Routing | undefined;
  readonly batch?: BatchOptions | undefined;
  /** Unacknowledged batches of one connection, within the credit that the server gives. Default 64. */
  readonly maxInFlight?: number | undefined;
  /** Items that are taken and not yet acknowledged; past it `send` and its kin wait. Default 100,000. */
  readonly maxBufferedItems?: number | undefined;
  /** The same in encoded bytes. Default 256 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** Profiles that are being looked up and questions under way; past it `get` and `query` wait. Default 10,000. */
  readonly maxPendingReads?: number | undefined;
  /** How long an item or a question is tried again, from its first failure on. Default 60,000. */
  readonly retryForMs?: number | undefined;
  /** How long `connect` tries to reach the server. Default 10,000. */
  readonly connectForMs?: number | undefined;
  /** A door that has not let us in by then is tried anew. Default 10,000. */
  readonly dialTimeoutMs?: number | undefined;
  /** A batch or lookup that is not answered by then: the connection is cut and it is sent again. Default 30,000. */
  readonly answerTimeoutMs?: number | undefined;
  /** Waits between tries: doubling from `minMs` (default 50) to `maxMs` (default 5,000), with jitter. */
  readonly backoff?: { readonly minMs?: number | undefined; readonly maxMs?: number | undefined } | undefined;
  /** What goes wrong and is mended by the client itself. */
  readonly onWarning?: ((warning: ClientWarning) => void) | undefined;
}

export interface ClientSettings {
  /** Without a slash at the end. */
  readonly httpUrl: string;
  readonly key: string | undefined;
  readonly ack: AckLevel;
  readonly routing: Routing;
  readonly batch: { readonly maxCount: number; readonly maxDelayMs: number; readonly maxBytes: number };
  readonly maxInFlight: number;
  readonly maxBufferedItems: number;
  readonly maxBufferedBytes: number;
  readonly maxPendingReads: number;
  readonly retryForMs: number;
  readonly connectForMs: number;
  readonly dialTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly backoff: { readonly minMs: number; readonly maxMs: number };
  readonly onWarning: (warning: ClientWarning) => void;
}

const ROUTINGS: readonly Routing[] = ['auto', 'router', 'direct'];
/** The server's own limits for a batch: 5,000 items and 4 MB. */
const MAX_BATCH_COUNT = 5_000;
const MAX_BATCH_BYTES = 4_000_000;
/** What a timer can hold. */
const MAX_TIME_MS = 2 ** 31 - 1;

/** Errors: invalid_request. */
export function resolveOptions(options: ConnectOptions): ClientSettings {
  const { batch = {}, backoff = {} } = options;
  const minMs = whole('backoff.minMs', backoff.minMs, 50, 1, MAX_TIME_MS);
  return {
    httpUrl: httpUrlOf(options.url ?? 'http://127.0.0.1:8080'),
    key: options.key === '' ? undefined : options.key,
    ack: oneOf('ack', options.ack, 'durable', ACK_LEVELS),
    routing: oneOf('routing', options.routing, 'auto', ROUTINGS),
    batch: {
      maxCount: whole('batch.maxCount', batch.maxCount, 100, 1, MAX_BATCH_COUNT),
      maxDelayMs: whole('batch.maxDelayMs', batch.maxDelayMs, 5, 0, MAX_TIME_MS),
      maxBytes: whole('batch.maxBytes', batch.maxBytes, 512 * 1024, 1, MAX_BATCH_BYTES),
    },
    maxInFlight: whole('maxInFlight', options.maxInFlight, 64, 1, 100_000),
    maxBufferedItems: whole('maxBufferedItems', options.maxBufferedItems, 100_000, 1, 100_000_000),
    maxBufferedBytes: whole('maxBufferedBytes', options.maxBufferedBytes, 256 * 2 ** 20, 1, 2 ** 40),
    maxPendingReads: whole('maxPendingReads', options.maxPendingReads, 10_000, 1, 10_000_000),
    retryForMs: whole('retryForMs', options.retryForMs, 60_000, 0, MAX_TIME_MS),
    connectForMs: whole('connectForMs', options.connectForMs, 10_000, 0, MAX_TIME_MS),
    dialTimeoutMs: whole('dialTimeoutMs', options.dialTimeoutMs, 10_000, 1, MAX_TIME_MS),
    answerTimeoutMs: whole('answerTimeoutMs', options.answerTimeoutMs, 30_000, 1, MAX_TIME_MS),
    backoff: { minMs, maxMs: whole('backoff.maxMs', backoff.maxMs, Math.max(minMs, 5_000), minMs, MAX_TIME_MS) },
    onWarning: options.onWarning ?? (() => undefined),
  };
}

/** Errors: invalid_request. */
export function httpUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isKnown = url !== undefined && ['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol);
  if (!isKnown) throw invalid('url', 'the address of a server, such as http://127.0.0.1:8080');
  const base = `${url.protocol.replace('ws', 'http')}//${url.host}${url.pathname}`;
  return base.replace(/\/+$/, '');
}

function whole(name: string, given: number | undefined, preset: number, min: number, max: number): number {
  const value = given ?? preset;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(name, `a whole number from ${min} to ${max}`);
}

function oneOf<T extends string>(name: string, given: T | undefined, preset: T, choices: readonly T[]): T {
  const value = given ?? preset;
  if (choices.includes(value)) return value;
  throw invalid(name, choices.join(', '));
}

function invalid(name: string, expected: string): KithError {
  return new KithError('invalid_request', `"${name}" must be ${expected}`, { details: { field: name } });
}
