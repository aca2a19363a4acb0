/**
 * One WebSocket to one door, kept up: dialled, greeted, watched, dialled again with backoff.
 *
 * resting  → waits to dial again.
 * dialling → no credit heard yet: the server may still refuse us.
 * open     → the credit was heard; frames go out. Silence is answered by a ping, lasting silence or an overdue answer by a cut.
 * closed   → for good.
 *
 * Keeps: `lineDown` comes once for each dial that failed and each open line that ended, and never after `close`; a late event of an
 * earlier socket changes nothing.
 */
import { backoffMs } from './backoff.ts';
import { type Answer, decodeAnswer, encodeMessage } from './frame.ts';
import { errorOf, isRecord, KithError } from './kith-error.ts';
import type { ClientSettings } from './options.ts';
import type { ClientSocket, ClientWorld } from './world.ts';

export interface LineListener {
  lineOpened(creditFrames: number): void;
  lineHeard(answer: Answer): void;
  lineDown(error: KithError, wasOpen: boolean): void;
  /** When the oldest batch or lookup that has no answer was sent, on the monotonic clock; undefined = none. */
  oldestSentMs(): number | undefined;
}

const HEARTBEAT_MS = 10_000;

export class Line {
  readonly httpUrl: string;
  readonly #world: ClientWorld;
  readonly #settings: ClientSettings;
  readonly #listener: LineListener;
  #state: 'resting' | 'dialling' | 'open' | 'closed' = 'resting';
  #socket: ClientSocket | undefined;
  #attempt = 0;
  #cancelTimer: () => void = () => undefined;
  #isSilent = false;
  #isPinged = false;
  #openedCount = 0;

  constructor(httpUrl: string, world: ClientWorld, settings: ClientSettings, listener: LineListener) {
    this.httpUrl = httpUrl;
    this.#world = world;
    this.#settings = settings;
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get openedCount(): number {
    return this.#openedCount;
  }

  /** Starts the first dial. */
  dial(): void {
    this.#state = 'dialling';
    const { dialTimeoutMs, key } = this.#settings;
    this.#timer(dialTimeoutMs, () =>
      this.#down(new KithError('unreachable', `${this.httpUrl} did not let us in within ${dialTimeoutMs} ms`)),
    );
    const url = `${this.httpUrl.replace('http', 'ws')}/v1/stream?encoding=msgpack`;
    const current = (): boolean => this.#socket === socket;
    const socket = this.#world.dial(url, key, {
      opened: () => {
        // A server that needs a key waits for one; a frame without makes it say so.
        if (current() && key === undefined) socket.send(encodeMessage('ping', {}));
      },
      heard: (bytes) => {
        if (current()) this.#hear(bytes);
      },
      alive: () => {
        if (current()) this.#isSilent = false;
      },
      closed: (code, reason, body) => {
        if (current()) this.#down(closeError(this.httpUrl, code, reason, body));
      },
    });
    this.#socket = socket;
  }

  /** Only while open. */
  send(bytes: Uint8Array): void {
    this.#socket?.send(bytes);
  }

  close(isPolite: boolean): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelTimer();
    this.#drop(isPolite);
  }

  #hear(bytes: Uint8Array): void {
    this.#isSilent = false;
    const answer = decodeAnswer(bytes);
    if (answer === undefined) {
      this.#down(new KithError('connection_lost', `${this.httpUrl} sent what is no answer`));
      return;
    }
    if (answer['op'] === 'credit' && typeof answer['frames'] === 'number') this.#greeted(answer['frames']);
    else if (this.#state === 'open') {
      // Served: the next loss is a new one.
      this.#attempt = 0;
      if (answer['op'] === undefined) this.#listener.lineHeard(answer);
    } else if (isRecord(answer['error'])) this.#down(errorOf(answer['error']));
  }

  #greeted(creditFrames: number): void {
    if (this.#state === 'dialling') {
      this.#state = 'open';
      this.#openedCount += 1;
      this.#isSilent = false;
      this.#isPinged = false;
      this.#watch();
    }
    this.#listener.lineOpened(Math.max(1, Math.floor(creditFrames)));
  }

  #watch(): void {
    const { answerTimeoutMs } = this.#settings;
    this.#timer(Math.min(HEARTBEAT_MS, answerTimeoutMs), () => {
      const oldestMs = this.#listener.oldestSentMs();
      if (oldestMs !== undefined && this.#world.clock.monotonicMs() - oldestMs >= answerTimeoutMs) {
        this.#down(
          new KithError('connection_lost', `${this.httpUrl} left a frame without answer for ${answerTimeoutMs} ms`),
        );
        return;
      }
      if (!this.#isSilent) this.#isPinged = false;
      else if (this.#isPinged) {
        this.#down(new KithError('connection_lost', `${this.httpUrl} fell silent`));
        return;
      } else {
        this.#isPinged = true;
        this.send(encodeMessage('ping', {}));
      }
      this.#isSilent = true;
      this.#watch();
    });
  }

  #down(error: KithError): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'resting';
    this.#drop(false);
    const delayMs = backoffMs(this.#world, this.#settings.backoff, this.#attempt, error.retryAfterMs);
    this.#attempt += 1;
    this.#timer(delayMs, () => this.dial());
    this.#listener.lineDown(error, wasOpen);
  }

  #drop(isPolite: boolean): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(isPolite);
  }

  #timer(delayMs: number, act: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#world.clock.after(delayMs, act);
  }
}

/** What the end of a connection means: HTTP statuses of a refused upgrade, and the closing codes of `/v1/stream`. */
function closeError(url: string, code: number, reason: string, body: unknown): KithError {
  if (isRecord(body) && 'error' in body) return errorOf(body['error']);
  if (code === 401 || code === 4401) return new KithError('unauthorized', `${url} does not know the key`);
  if (code === 403) return new KithError('forbidden', `${url} refuses the connection`);
  if (code === 4408) return new KithError('unauthorized', `${url} needs a key`);
  if (code === 1001) return new KithError('shutting_down', `${url} is shutting down`);
  if (code === 4429) return new KithError('too_many_requests', `${url} closed the connection: too many frames at once`);
  const told = reason === '' ? `code ${code}` : reason;
  return new KithError('connection_lost', `the connection to ${url} ended: ${told}`);
}
