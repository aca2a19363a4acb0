/**
 * Lookups over keep-alive connections at a fixed rate, each timed from the moment it was meant to leave, so that a server
 * that stands still is charged for all that queued up meanwhile (no coordinated omission).
 */
import { writeDigits } from '../data/event-frame.ts';
import { connectRaw, type RawSocket } from './raw-socket.ts';

const DIGITS = 7;
const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH_NAME = 'content-length: ';

interface Connection {
  readonly socket: RawSocket;
  readonly request: Buffer;
  /** When the request under way was meant to leave; NaN = none. */
  intendedMs: number;
  /** Bytes of the answer still to come; NaN = its head is not whole yet. */
  leftBytes: number;
  head: Buffer;
}

export interface PacedHttpOptions {
  readonly port: number;
  readonly key: string;
  readonly connectionCount: number;
  readonly nextUser: () => number;
  /** `latencyMs` from the intended start to the last byte. */
  readonly onAnswer: (latencyMs: number, intendedMs: number) => void;
  readonly onFault: (text: string) => void;
}

export class PacedHttp {
  readonly #options: PacedHttpOptions;
  readonly #idle: Connection[] = [];
  readonly #all: Connection[] = [];
  readonly #due: number[] = [];
  #dueStart = 0;
  #isClosed = false;

  private constructor(options: PacedHttpOptions) {
    this.#options = options;
  }

  static async open(options: PacedHttpOptions): Promise<PacedHttp> {
    const client = new PacedHttp(options);
    for (let index = 0; index < options.connectionCount; index++) await client.#connect();
    return client;
  }

  /** Requests under way or waiting for a connection. */
  get pending(): number {
    return this.#due.length - this.#dueStart + this.#all.length - this.#idle.length;
  }

  /** A request was meant to leave at this time; it does when a connection is free. */
  request(intendedMs: number): void {
    this.#due.push(intendedMs);
    this.#sendDue();
  }

  close(): void {
    this.#isClosed = true;
    for (const { socket } of this.#all) socket.destroy();
  }

  async #connect(): Promise<void> {
    const { port, key, onFault } = this.#options;
    const head = 'GET /v1/profiles/user-';
    const rest = ` HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n\r\n`;
    const socket = await connectRaw(
      port,
      (buffer, size) => this.#read(connection, buffer.subarray(0, size)),
      () => {
        if (!this.#isClosed) onFault('the connection ended');
      },
    );
    const request = Buffer.from(head + '0'.repeat(DIGITS) + rest);
    const connection: Connection = {
      socket,
      request,
      intendedMs: Number.NaN,
      leftBytes: Number.NaN,
      head: Buffer.alloc(0),
    };
    this.#all.push(connection);
    this.#idle.push(connection);
  }

  #sendDue(): void {
    while (this.#dueStart < this.#due.length && this.#idle.length > 0) {
      const connection = this.#idle.pop()!;
      connection.intendedMs = this.#due[this.#dueStart++];
      // A copy: the bytes are the socket's until they have left.
      const request = Buffer.from(connection.request);
      writeDigits(request, request.indexOf('0'), DIGITS, this.#options.nextUser());
      connection.socket.write(request);
    }
    if (this.#dueStart > 1_024 && this.#dueStart === this.#due.length) {
      this.#due.length = 0;
      this.#dueStart = 0;
    }
  }

  #read(connection: Connection, chunk: Buffer): void {
    if (Number.isNaN(connection.leftBytes)) {
      connection.head = connection.head.length === 0 ? Buffer.from(chunk) : Buffer.concat([connection.head, chunk]);
      const headSize = connection.head.indexOf(HEAD_END) + HEAD_END.length;
      if (headSize < HEAD_END.length) return;
      const text = connection.head.toString('latin1', 0, headSize);
      if (!text.startsWith('HTTP/1.1 200 ')) this.#options.onFault(text.slice(0, text.indexOf('\r\n')));
      const lengthAt = text.toLowerCase().indexOf(LENGTH_NAME) + LENGTH_NAME.length;
      connection.leftBytes = Number.parseInt(text.slice(lengthAt), 10) - (connection.head.length - headSize);
    } else connection.leftBytes -= chunk.length;
    if (connection.leftBytes > 0) return;
    this.#options.onAnswer(performance.now() - connection.intendedMs, connection.intendedMs);
    connection.leftBytes = Number.NaN;
    connection.head = Buffer.alloc(0);
    this.#idle.push(connection);
    this.#sendDue();
  }
}
