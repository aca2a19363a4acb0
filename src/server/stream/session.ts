/**
 * One WebSocket connection: who it is, what it has under way, and how it ends.
 *
 * unknown  → no key yet: only `auth` is heard; after `authMs` it is closed (4408).
 * known    → frames are served; acks that become ready together leave in one write.
 * overrun  → it reads slower than it asks and its buffer is full: nothing more is heard or sent. When the buffer has
 *            emptied it is told and closed (1013); when it has not after `slowReaderMs`, it is cut off.
 * closed   → late results are dropped; queries under way are cancelled.
 */
import { type CancelSignal, CancelSource } from '../../base/cancel-source.ts';
import type { AckLevel } from '../../model/ingest.ts';
import type { Door } from '../door.ts';
import type { Socket } from '../transport/transport.ts';
import { Credit } from './credit.ts';
import { encode, type Payload } from './frame-answer.ts';

/** An answer in memory that is used again after it was sent. */
export interface LentAnswer {
  readonly lent: Uint8Array;
  readonly isBinary: boolean;
  /** It was sent, or never will be. */
  release(): void;
}

/** What waits for its turn to be sent. */
export type Outgoing = Payload | LentAnswer;

export interface SessionData {
  readonly session: Session;
}

export type CloseReason = 'auth_timeout' | 'unauthorized' | 'too_many_requests' | 'slow_reader' | 'shutting_down';

const CLOSE_CODE: Readonly<Record<CloseReason, number>> = {
  auth_timeout: 4408,
  unauthorized: 4401,
  too_many_requests: 4429,
  slow_reader: 1013,
  shutting_down: 1001,
};
/** The transport's word for: dropped, the buffer is full. */
const DROPPED = 2;

export interface SessionOptions {
  readonly rights: number;
  /** Ack level of frames that name none. */
  readonly ack: AckLevel | undefined;
  /** Encoding of what the server says unasked. */
  readonly isBinary: boolean;
}

export class Session {
  readonly door: Door;
  readonly credit: Credit;
  readonly ack: AckLevel | undefined;
  readonly #cancel = new CancelSource();
  readonly #isBinary: boolean;
  rights: number;
  queryCount = 0;
  /** Profiles that were asked of the engine and not yet given. */
  lookupCount = 0;
  #socket: Socket<SessionData> | undefined;
  #isOverrun = false;
  #isEnding = false;
  #timer: NodeJS.Timeout | undefined;
  #outbox: Outgoing[] = [];

  constructor(door: Door, options: SessionOptions) {
    this.door = door;
    this.credit = new Credit(door.settings.stream.creditFrames);
    this.rights = options.rights;
    this.ack = options.ack;
    this.#isBinary = options.isBinary;
  }

  /** Aborts when the connection ends. */
  get signal(): CancelSignal {
    return this.#cancel.signal;
  }

  get isListening(): boolean {
    return this.#socket !== undefined && !this.#isOverrun && !this.#isEnding;
  }

  opened(socket: Socket<SessionData>): void {
    this.#socket = socket;
    this.door.metrics.streamSessions += 1;
    if (this.rights !== 0) this.sendCredit(this.#isBinary);
    else this.#after(this.door.settings.timeouts.authMs, () => this.end('auth_timeout'));
  }

  /** The key was good. */
  authenticated(rights: number): void {
    this.rights |= rights;
    clearTimeout(this.#timer);
  }

  sendCredit(isBinary: boolean): void {
    this.send(encode({ op: 'credit', frames: this.credit.frames }, isBinary));
  }

  /**
   * At once; bytes are copied by the transport where it cannot send them. Text goes as a text frame, bytes as
   * `isBinary` says.
   */
  send(payload: Payload, isBinary = typeof payload !== 'string'): void {
    const socket = this.#socket;
    if (socket === undefined || this.#isOverrun) return;
    this.door.metrics.streamFramesOut += 1;
    if (socket.send(payload, isBinary) === DROPPED) this.#overrun();
  }

  /** Soon, together with what else becomes ready in this turn: a group commit releases many acks at once. */
  sendSoon(payload: Outgoing): void {
    if (this.#socket === undefined) {
      if (isLent(payload)) payload.release();
      return;
    }
    this.#outbox.push(payload);
    if (this.#outbox.length === 1) process.nextTick(() => this.#flush());
  }

  drained(): void {
    if (this.#isOverrun && this.#socket?.getBufferedAmount() === 0) this.end('slow_reader');
  }

  end(reason: CloseReason): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#flush();
    // The slow reader was counted when it fell behind.
    if (reason !== 'slow_reader') this.door.metrics.countStreamClosed(reason);
    this.#socket = undefined;
    socket.end(CLOSE_CODE[reason], reason);
  }

  /** After what is about to be sent; until then nothing more is heard. */
  endSoon(reason: CloseReason): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    process.nextTick(() => this.end(reason));
  }

  /** The transport's last word; also after `end`. */
  closed(): void {
    this.#socket = undefined;
    this.#outbox = [];
    clearTimeout(this.#timer);
    this.#cancel.abort();
    this.door.metrics.streamSessions -= 1;
  }

  #flush(): void {
    const outbox = this.#outbox;
    this.#outbox = [];
    if (outbox.length === 0) return;
    if (outbox.length === 1) this.#sendOut(outbox[0]);
    else
      this.#socket?.cork(() => {
        for (const payload of outbox) this.#sendOut(payload);
      });
  }

  #sendOut(payload: Outgoing): void {
    if (!isLent(payload)) {
      this.send(payload);
      return;
    }
    this.send(payload.lent, payload.isBinary);
    payload.release();
  }

  #overrun(): void {
    this.#isOverrun = true;
    this.door.metrics.countStreamClosed('slow_reader');
    this.#cancel.abort();
    this.#after(this.door.settings.timeouts.slowReaderMs, () => {
      const socket = this.#socket;
      this.#socket = undefined;
      socket?.close();
    });
  }

  #after(delayMs: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, delayMs);
    this.#timer.unref();
  }
}

function isLent(payload: Outgoing): payload is LentAnswer {
  return typeof payload === 'object' && 'lent' in payload;
}
