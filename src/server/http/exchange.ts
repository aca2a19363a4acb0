/**
 * One HTTP request and its answer. Keeps the transport's rules for the handlers: the response is never touched after
 * the client left or after the answer, writes are corked, a large body is handed over as fast as the client reads it,
 * and every end (answer or abort) is measured once. Made for every request except profile lookups that are answered at
 * once.
 */
import { STATUS_CODES } from 'node:http';
import { performance } from 'node:perf_hooks';
import { EngineError, errorBody } from '../../model/error.ts';
import { errorFields } from '../../runtime/logger.ts';
import { EPOCH_HEADER, epochHeaders } from '../cluster-epoch.ts';
import type { Door } from '../door.ts';
import type { RouteMeter } from '../metrics/route-meter.ts';
import type { HttpResponse } from '../transport/transport.ts';

/** Up to here the transport's own buffer takes the body at once; above, it goes in steps. */
const WHOLE_BODY_BYTES = 64 * 1024;
const NO_HEADERS: readonly (readonly [string, string])[] = [];

export type Headers = readonly (readonly [string, string])[];

export class Exchange {
  readonly door: Door;
  readonly response: HttpResponse;
  readonly #meter: RouteMeter;
  readonly #startedAtMs: number;
  #isOpen = true;
  #isStreaming = false;
  #mustCloseConnection = false;
  #onLeave: (() => void) | undefined;

  constructor(door: Door, response: HttpResponse, meter: RouteMeter, startedAtMs = performance.now()) {
    this.#startedAtMs = startedAtMs;
    this.door = door;
    this.response = response;
    this.#meter = meter;
    door.lifecycle.begin();
    response.onAborted(() => {
      if (!this.#isOpen) return;
      this.#finish(499);
      this.#onLeave?.();
    });
  }

  /** False once answered or aborted: from then on the response must not be touched. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Runs when the client leaves before the answer. One at a time. */
  onLeave(callback: (() => void) | undefined): void {
    this.#onLeave = callback;
  }

  /** After the answer the connection is closed, for a client whose body is not worth reading to its end. */
  closeConnectionAfter(): void {
    this.#mustCloseConnection = true;
  }

  json(value: unknown, status = 200): void {
    this.send(status, 'application/json', JSON.stringify(value));
  }

  /** JSON that is the caller's only until it pauses. Hot: every profile through a router is answered here (bench: cluster-overhead). */
  sendBorrowed(json: Uint8Array, epoch: number | undefined): void {
    if (!this.#isOpen) return;
    if (json.length > WHOLE_BODY_BYTES) {
      this.send(200, 'application/json', Buffer.from(json), epochHeaders(epoch));
      return;
    }
    borrowed.response = this.response;
    borrowed.json = json;
    borrowed.mustClose = this.#mustCloseConnection || this.door.lifecycle.isClosing;
    if (epoch !== borrowed.epoch) {
      borrowed.epoch = epoch;
      borrowed.epochText = String(epoch);
    }
    this.response.cork(writeBorrowed);
    borrowed.response = undefined;
    borrowed.json = NO_BYTES;
    this.#finish(200);
  }

  /** Long bytes must stay as they are until the client has read them. */
  send(status: number, contentType: string, body: string | Uint8Array, headers: Headers = NO_HEADERS): void {
    if (!this.#isOpen) return;
    const response = this.response;
    const mustClose = this.#mustCloseConnection || this.door.lifecycle.isClosing;
    const bytes = typeof body === 'string' && body.length > WHOLE_BODY_BYTES ? Buffer.from(body) : body;
    const isWhole = typeof bytes === 'string' || bytes.length <= WHOLE_BODY_BYTES;
    response.cork(() => {
      response.writeStatus(statusLine(status));
      response.writeHeader('content-type', contentType);
      for (const [name, value] of headers) response.writeHeader(name, value);
      if (isWhole) response.end(bytes, mustClose);
    });
    if (isWhole) this.#finish(status);
    else this.#sendInSteps(status, bytes);
  }

  /** Answers with the error, whatever was thrown; what is not an `EngineError` is our mistake, logged and not shown. */
  fail(error: unknown, headers: Headers = NO_HEADERS): void {
    if (this.#isStreaming) {
      // The status is gone out already: an answer that breaks off is the only way left to say so.
      if (this.#isOpen) this.response.close();
      if (!(error instanceof EngineError)) this.#logMistake(error);
      return;
    }
    if (!this.#isOpen) return;
    const known =
      error instanceof EngineError
        ? error
        : new EngineError('internal', 'something went wrong in the server; it has been logged');
    if (known !== error) this.#logMistake(error);
    this.door.metrics.countRefused(known.code);
    this.send(known.status, 'application/json', JSON.stringify(errorBody(known)), [
      ...errorHeaders(known, this.door),
      ...headers,
    ]);
  }

  /** The answer to HEAD, which has no body. */
  sendHeadOnly(status: number, headers: Headers = NO_HEADERS): void {
    if (!this.#isOpen) return;
    this.response.cork(() => {
      this.response.writeStatus(statusLine(status));
      for (const [name, value] of headers) this.response.writeHeader(name, value);
      this.response.endWithoutBody(0, this.door.lifecycle.isClosing);
    });
    this.#finish(status);
  }

  /** Starts an answer of unknown length; `write` and `endStream` follow. */
  startStream(contentType: string): void {
    if (!this.#isOpen) return;
    this.#isStreaming = true;
    this.response.cork(() => {
      this.response.writeStatus('200 OK').writeHeader('content-type', contentType);
    });
  }

  /** Resolves when the client can take more, or has left (`isOpen` tells). The chunk is copied before it returns. */
  write(chunk: Uint8Array): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    let isDrained = false;
    this.response.cork(() => {
      isDrained = this.response.write(chunk);
    });
    if (isDrained) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onLeave = resolve;
      this.response.onWritable(() => {
        resolve();
        return true;
      });
    });
  }

  endStream(): void {
    if (!this.#isOpen) return;
    this.response.cork(() => {
      this.response.end(undefined, this.door.lifecycle.isClosing);
    });
    this.#finish(200);
  }

  #sendInSteps(status: number, bytes: Uint8Array): void {
    const step = (from: number): boolean => {
      let isTaken = false;
      this.response.cork(() => {
        const [isWritten, isDone] = this.response.tryEnd(from === 0 ? bytes : bytes.subarray(from), bytes.length);
        isTaken = isWritten;
        if (isDone) this.#finish(status);
      });
      return isTaken;
    };
    this.#isStreaming = true;
    if (!step(0) && this.#isOpen) this.response.onWritable((offset) => step(offset));
  }

  #finish(status: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#meter.record(status, performance.now() - this.#startedAtMs);
    this.door.lifecycle.end();
  }

  #logMistake(error: unknown): void {
    this.door.settings.logger.error('request failed', { route: this.#meter.route, ...errorFields(error) });
  }
}

/** What `writeBorrowed` writes: set and used in one go, so that no answer needs a function of its own. */
const NO_BYTES = new Uint8Array(0);
const borrowed: {
  response: HttpResponse | undefined;
  json: Uint8Array;
  mustClose: boolean;
  epoch: number | undefined;
  epochText: string;
} = { response: undefined, json: NO_BYTES, mustClose: false, epoch: undefined, epochText: '' };

function writeBorrowed(): void {
  const { response, json, mustClose, epoch, epochText } = borrowed;
  if (response === undefined) return;
  response.writeHeader('content-type', 'application/json');
  if (epoch !== undefined) response.writeHeader(EPOCH_HEADER, epochText);
  response.end(json, mustClose);
}

export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Client Closed Request'}`;
}

/** `Retry-After` for what is worth retrying, so that SDKs wait; `WWW-Authenticate`, so that browsers ask. */
export function errorHeaders(error: EngineError, door: Pick<Door, 'settings'>): Headers {
  if (error.status === 401) return [['www-authenticate', 'Basic realm="kith", charset="UTF-8"']];
  if (error.status !== 429 && error.status !== 503) return NO_HEADERS;
  const waitSeconds = Math.max(1, Math.ceil((error.retryAfterMs ?? 1_000) / 1_000));
  const resetAtSeconds = Math.ceil(door.settings.clock.nowMs() / 1_000) + waitSeconds;
  return [
    ['retry-after', String(waitSeconds)],
    ['x-ratelimit-reset', String(resetAtSeconds)],
  ];
}
