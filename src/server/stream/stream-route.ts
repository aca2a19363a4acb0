/** `/v1/stream`: upgrades connections and hands their frames on. */
import { EngineError, errorBody } from '../../model/error.ts';
import { errorFields } from '../../runtime/logger.ts';
import type { Door } from '../door.ts';
import { rightsOfRequest, unauthorized } from '../http/access.ts';
import { errorHeaders, statusLine } from '../http/exchange.ts';
import { parseAck } from '../http/ingest-route.ts';
import { shuttingDown } from '../http/lookup-route.ts';
import type { BytePage } from '../lookup/byte-page.ts';
import { type App, COMPRESSION_OFF, type HttpRequest, type HttpResponse } from '../transport/transport.ts';
import { receive } from './receive.ts';
import { Session, type SessionData } from './session.ts';

/** The transport closes without a word past its own limit, so that lies above ours, where the client is told. */
const TRANSPORT_FRAME_FACTOR = 2;
const IDLE_SECONDS_MIN = 8;
const IDLE_SECONDS_MAX = 960;

export class StreamRoute {
  readonly #door: Door;
  readonly #sessions = new Set<Session>();

  constructor(door: Door) {
    this.#door = door;
  }

  addTo(app: App, path: string, page: BytePage): void {
    const { limits, stream, timeouts } = this.#door.settings;
    app.ws<SessionData>(path, {
      compression: COMPRESSION_OFF,
      maxPayloadLength: limits.bodySizeBytes * TRANSPORT_FRAME_FACTOR,
      maxBackpressure: stream.sendBufferBytes,
      idleTimeout: Math.min(IDLE_SECONDS_MAX, Math.max(IDLE_SECONDS_MIN, Math.ceil(timeouts.idleMs / 1_000))),
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => {
        const session = this.#admit(response, request);
        if (session === undefined) return;
        response.upgrade<SessionData>(
          { session },
          request.getHeader('sec-websocket-key'),
          request.getHeader('sec-websocket-protocol'),
          request.getHeader('sec-websocket-extensions'),
          context,
        );
      },
      open: (socket) => {
        const { session } = socket.getUserData();
        this.#sessions.add(session);
        session.opened(socket);
      },
      message: (socket, bytes, isBinary) => receive(socket.getUserData().session, page, bytes, isBinary),
      drain: (socket) => socket.getUserData().session.drained(),
      close: (socket) => {
        const { session } = socket.getUserData();
        this.#sessions.delete(session);
        session.closed();
      },
    });
  }

  endAll(): void {
    for (const session of [...this.#sessions]) session.end('shutting_down');
  }

  /**
   * A key that is shown must be good; no key at all means that a first frame brings it. Answers and returns
   * undefined when refused.
   */
  #admit(response: HttpResponse, request: HttpRequest): Session | undefined {
    const door = this.#door;
    try {
      if (door.lifecycle.isClosing) throw shuttingDown();
      const key = request.getQuery('key');
      const rights = rightsOfRequest(door, request) | (key === undefined ? 0 : door.keys.rightsOf(key));
      const isKeyShown =
        key !== undefined || request.getHeader('authorization') !== '' || request.getHeader('x-write-key') !== '';
      if (isKeyShown && rights === 0) throw unauthorized();
      return new Session(door, {
        rights,
        ack: parseAck(request.getQuery('ack'), 'ack'),
        isBinary: request.getQuery('encoding') === 'msgpack',
      });
    } catch (error) {
      const known =
        error instanceof EngineError
          ? error
          : new EngineError('internal', 'something went wrong in the server; it has been logged');
      if (known !== error) door.settings.logger.error('upgrade failed', errorFields(error));
      door.metrics.countRefused(known.code);
      response.writeStatus(statusLine(known.status)).writeHeader('content-type', 'application/json');
      for (const [name, value] of errorHeaders(known, door)) response.writeHeader(name, value);
      response.end(JSON.stringify(errorBody(known)), true);
      return undefined;
    }
  }
}
