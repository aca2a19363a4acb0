/**
 * A channel over a stream socket. Small messages of a turn are put together in one buffer, which is written to again as soon as
 * the system has taken it; large ones go as they are.
 */
import type { Socket } from 'node:net';
import { nextTurn } from '../runtime/turn.ts';
import type { Channel } from './channel.ts';
import { FRAME_HEADER_BYTES, FrameSplitter } from './frame-splitter.ts';
import { MalformedMessage } from './value-reader.ts';

const GATHER_BYTES = 65_536;
/** Larger messages are not copied. */
const COPIED_BYTES_MAX = 16_384;
/** How long the other end may take nothing of what is left at the end. */
const FAREWELL_MS = 5_000;

export class SocketChannel implements Channel {
  readonly #socket: Socket;
  readonly #splitter: FrameSplitter;
  #gather: Buffer = Buffer.allocUnsafeSlow(GATHER_BYTES);
  #gatheredFrom = 0;
  #gathered = 0;
  #isFlushDue = false;
  #isClosed = false;
  #isOver = false;
  #error: Error | undefined;
  #messageHandler: ((message: Uint8Array) => void) | undefined;
  #drainHandler: () => void = () => undefined;
  #closeHandler: ((error: Error | undefined) => void) | undefined;

  constructor(socket: Socket, messageBytesMax: number) {
    this.#socket = socket;
    this.#splitter = new FrameSplitter(messageBytesMax);
    socket.setNoDelay(true);
    socket.pause();
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => {
      if (!this.#isClosed && !this.#splitter.isAtBoundary) this.#error ??= new Error('it ended within a message');
    });
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => this.#over());
    if (socket.destroyed) void nextTurn().then(() => this.#over());
  }

  get bufferedBytes(): number {
    return this.#isOver ? 0 : this.#gathered - this.#gatheredFrom + this.#socket.writableLength;
  }

  send(message: Uint8Array): void {
    if (this.#isClosed) return;
    const { length } = message;
    if (length > COPIED_BYTES_MAX) {
      // Header and body join what is gathered in one vectored write.
      this.#room(FRAME_HEADER_BYTES);
      this.#gather.writeUInt32LE(length, this.#gathered);
      this.#gathered += FRAME_HEADER_BYTES;
      this.#socket.cork();
      this.#writeGathered();
      this.#socket.write(message, this.#onWritten);
      this.#socket.uncork();
      return;
    }
    this.#room(FRAME_HEADER_BYTES + length);
    const at = this.#gathered;
    this.#gather.writeUInt32LE(length, at);
    this.#gather.set(message, at + FRAME_HEADER_BYTES);
    this.#gathered = at + FRAME_HEADER_BYTES + length;
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      void nextTurn().then(this.#flush);
    }
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#messageHandler = handler;
    this.#socket.resume();
  }

  onDrain(handler: () => void): void {
    this.#drainHandler = handler;
  }

  onClose(handler: (error: Error | undefined) => void): void {
    this.#closeHandler = handler;
    if (this.#isOver) void nextTurn().then(() => handler(this.#error));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#writeGathered();
    this.#isClosed = true;
    const socket = this.#socket;
    socket.setTimeout(FAREWELL_MS, () => socket.destroy());
    // What arrives is read and dropped: unread bytes would make the system send a reset, and what we sent last might be lost.
    socket.resume();
    socket.destroySoon();
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return;
    try {
      this.#splitter.push(chunk, (message) => {
        this.#messageHandler?.(message);
        return !this.#isClosed;
      });
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.#error ??= error;
      this.#isClosed = true;
      this.#socket.destroy();
    }
  }

  /** Makes room in the gathering buffer; its bytes leave first when they do not fit together. */
  #room(sizeBytes: number): void {
    if (this.#gather.length - this.#gathered >= sizeBytes) return;
    this.#writeGathered();
    if (this.#gather.length - this.#gathered >= sizeBytes) return;
    // The system still holds the old one.
    this.#gather = Buffer.allocUnsafeSlow(GATHER_BYTES);
    this.#gatheredFrom = this.#gathered = 0;
  }

  #writeGathered(): void {
    if (this.#gathered === this.#gatheredFrom || this.#isClosed) return;
    const bytes = this.#gather.subarray(this.#gatheredFrom, this.#gathered);
    this.#socket.write(bytes, this.#onWritten);
    // Nothing of the socket's waits: the system has copied all of it.
    this.#gatheredFrom = this.#gathered = this.#socket.writableLength === 0 ? 0 : this.#gathered;
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    this.#writeGathered();
  };

  readonly #onWritten = (): void => {
    if (!this.#isOver) this.#drainHandler();
  };

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isClosed = true;
    this.#closeHandler?.(this.#error);
  }
}
