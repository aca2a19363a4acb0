/**
 * The only importer of uWebSockets.js, so that the package can be replaced in one place. It is a third party's build of
 * the real thing (its author publishes none on npm). What every handler must know about it:
 * - a request object is valid only until its handler returns: read headers first, then go asynchronous;
 * - `onAborted` must be set before a handler returns without an answer, and the response must not be touched after it
 *   ran;
 * - array buffers given to callbacks die when the callback returns: copy;
 * - an exception that escapes a callback ends the process: every callback catches;
 * - views over SharedArrayBuffer may be sent as they are: bytes that the socket cannot take at once are copied.
 * Time-outs that the transport keeps by itself: a connection that has not finished sending its request head is closed
 * after some 10 s; a body must come at 16 KB/s or better; an answer that the client does not read is dropped after some 10 s.
 */

import type {
  HttpRequest,
  HttpResponse,
  RecognizedString,
  TemplatedApp,
  us_listen_socket,
  WebSocket,
  WebSocketBehavior,
} from 'uWebSockets.js';
import uws from 'uWebSockets.js';
import { EngineError } from '../../model/error.ts';

export type { HttpRequest, HttpResponse, RecognizedString, WebSocketBehavior };
export type App = TemplatedApp;
export type Socket<UserData> = WebSocket<UserData>;

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly passphrase?: string | undefined;
}

export interface Listening {
  readonly port: number;
  /** Takes no new connections; the open ones stay. */
  stop(): void;
}

export const COMPRESSION_OFF: number = uws.DISABLED;

/** Throws when the certificate or the key cannot be read. */
export function createApp(tls: TlsFiles | undefined): App {
  if (tls === undefined) return uws.App();
  try {
    return uws.SSLApp({
      cert_file_name: tls.certFile,
      key_file_name: tls.keyFile,
      ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
    });
  } catch (cause) {
    throw new EngineError(
      'invalid_request',
      'TLS cannot start: check that the certificate and key files exist and match',
      {
        cause,
      },
    );
  }
}

/** Times that a free port is looked for, when others take it in between. */
const FREE_PORT_TRIES = 8;

/**
 * Unless it is asked to be shared, the port is taken exclusively: else two servers on one port would share its connections, unnoticed. A
 * shared port (`SO_REUSEPORT`) takes only servers that all share it.
 */
export async function listenOn(app: App, host: string, port: number, isShared = false): Promise<Listening> {
  if (!isShared) return listenOnce(app, host, port, LISTEN_EXCLUSIVELY);
  if (port !== 0) return listenOnce(app, host, port, LISTEN_SHARED);
  // The transport shares no port that the system chooses, so the system is asked for one first.
  for (let left = FREE_PORT_TRIES - 1; ; left -= 1) {
    const free = await listenOnce(app, host, 0, LISTEN_EXCLUSIVELY);
    free.stop();
    try {
      return await listenOnce(app, host, free.port, LISTEN_SHARED);
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

function listenOnce(app: App, host: string, port: number, options: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const onListening = (socket: us_listen_socket | false): void => {
      if (socket === false) {
        reject(
          new EngineError(
            'invalid_request',
            `cannot listen on ${host}:${port}: the port is taken or the host is not of this machine`,
          ),
        );
        return;
      }
      resolve({ port: uws.us_socket_local_port(socket), stop: () => uws.us_listen_socket_close(socket) });
    };
    listen(app, host, port, options, onListening);
  });
}

/** `change` is 1 when a connection opens and -1 when it ends; `refuse` closes the one that opens. */
export function watchConnections(app: App, watch: (change: 1 | -1, refuse: () => void) => void): void {
  const onChange = (response: HttpResponse, count: number): void => {
    watch(count > 0 ? 1 : -1, () => response.close());
  };
  app.filter(onChange as Parameters<App['filter']>[0]);
}

type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
) => App;

const LISTEN_SHARED = uws.ListenOptions?.LIBUS_LISTEN_DEFAULT ?? 0;
const LISTEN_EXCLUSIVELY = uws.ListenOptions?.LIBUS_LISTEN_EXCLUSIVE_PORT ?? 1;

/** The published types lack the overload with both a host and options; the native function has it. */
function listen(
  app: App,
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
): void {
  const untyped: unknown = app.listen;
  (untyped as ListenWithOptions).call(app, host, port, options, done);
}
