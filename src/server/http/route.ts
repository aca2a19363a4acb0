/** One route, as the router serves it and OpenAPI describes it. */
import type { HttpRequest } from '../transport/transport.ts';
import type { Access } from './access.ts';
import type { Exchange, Headers } from './exchange.ts';

export type Handler = (exchange: Exchange, request: HttpRequest) => void | Promise<void>;

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As in OpenAPI: `/v1/profiles/{id}`. */
  readonly path: string;
  readonly access: Access;
  /** Answers also while the server is closing. */
  readonly isAlwaysOn?: boolean | undefined;
  readonly handle: Handler;
  /** Answers with an error where its shape is not ours. */
  readonly fail?: ((exchange: Exchange, error: unknown, headers?: Headers) => void) | undefined;
}

/** Served outside the exchange: lookups at once, the stream by upgrade. Listed so that 404 and 405 know them. */
export const PROFILE_PATH = '/v1/profiles/{id}';
export const STREAM_PATH = '/v1/stream';
