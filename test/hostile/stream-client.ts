/** A WebSocket client for what no decent client sends: it asks, and waits for an answer or the end of the connection. */
import { decode } from '@msgpack/msgpack';
import WebSocket from 'ws';
import { ADMIN_KEY, type KithProcess } from '../process/kith-process.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests read into answers of every shape.
type Message = any;

export type Heard =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'closed'; readonly code: number };

export class HostileStream {
  readonly #socket: WebSocket;
  readonly #heard: Heard[] = [];
  #waiting: ((heard: Heard) => void) | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      this.#hear({ kind: 'message', message: isBinary ? decode(data) : JSON.parse(data.toString()) });
    });
    socket.on('close', (code) => this.#hear({ kind: 'closed', code }));
    socket.on('error', () => {});
  }

  /** `key` undefined = a stranger. */
  static async open(kith: KithProcess, key: string | undefined = ADMIN_KEY): Promise<HostileStream> {
    const query = key === '' ? '' : `?key=${key}`;
    const socket = new WebSocket(`${kith.url.replace('http', 'ws')}/v1/stream${query}`);
    const stream = new HostileStream(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    // The credit.
    if (key !== '') await stream.next();
    return stream;
  }

  #hear(heard: Heard): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#heard.push(heard);
    else waiting(heard);
  }

  next(): Promise<Heard> {
    const heard = this.#heard.shift();
    if (heard !== undefined) return Promise.resolve(heard);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  ask(frame: string | Uint8Array): Promise<Heard> {
    this.#socket.send(frame);
    return this.next();
  }

  send(frame: string | Uint8Array): void {
    this.#socket.send(frame);
  }

  /** Bytes past the WebSocket layer. */
  sendRaw(bytes: Uint8Array): Promise<Heard> {
    (this.#socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(bytes);
    return this.next();
  }

  /** Reads nothing any more. */
  deafen(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.terminate();
  }
}
