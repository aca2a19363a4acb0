/**
 * A channel over a stream socket. Small messages of a turn are put together in one buffer, which is written to again as soon as
 * the system has taken it; large ones go as they are. Buffers are used again and again, because the collector of garbage runs by their bytes: a
 * router that had new ones for what passes through it would spend a fifth of its time there.
 */
import type { OnReadOpts, Socket } from 'node:net';
import { nextTurn, onNextTurn } from '../runtime/turn.ts';
import type { Channel } from './channel.ts';
import { FRAME_HEADER_BYTES, FrameSplitter } from './frame-splitter.ts';
import { MalformedMessage } from './value-reader.ts';

const GATHER_BYTES = 65_536;
/** Larger messages are not copied. */
const COPIED_BYTES_MAX = 16_384;
/** How long the other end may take nothing of what is left at the end. */
const FAREWELL_MS = 5_000;
const READ_BYTES = 131_072;
/** Buffers that are kept for the next time the system is slow. */
const FREE_BUFFERS_MAX = 8;

/** Where a socket puts what it reads, time and again. To be made before the socket; node has no such thing for those that a server accepts. */
export class Intake {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #take: (chunk: Buffer) => void = () => undefined;

  /** For `net.connect`. */
  get onread(): OnReadOpts {
    return {
      buffer: this.#buffer,
      callback: (sizeBytes) => {
        this.#take(this.#buffer.subarray(0, sizeBytes));
        return true;
      },
    };
  }

  onChunk(take: (chunk: Buffer) => void): void {
    this.#take = take;
  }
}

export class SocketChannel implements Channel {
  readonly #socket: Socket;
  readonly #splitter: FrameSplitter;
  #gather: Buffer = Buffer.allocUnsafeSlow(GATHER_BYTES);
  #gatheredFrom = 0;
  #gathered = 0;
  /** Full buffers that the system may still have to read. */
  #full: Buffer[] = [];
  readonly #free: Buffer[] = [];
  #isFlushDue = false;
  #isClosed = false;
  #isOver = false;
  #error: Error | undefined;
  #messageHandler: ((message: Uint8Array) => void) | undefined;
  #drainHandler: () => void = () => undefined;
  #closeHandler: ((error: Error | undefined) => void) | undefined;

  /** `intake`: of the socket, when it has one. */
  constructor(socket: Socket, messageBytesMax: number, intake?: Intake | undefined) {
    this.#socket = socket;
    this.#splitter = new FrameSplitter(messageBytesMax);
    socket.setNoDelay(true);
    socket.pause();
    if (intake === undefined) socket.on('data', (chunk: Buffer) => this.#read(chunk));
    else intake.onChunk((chunk) => this.#read(chunk));
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

  send(message: Uint8Array): boolean {
    if (this.#isClosed) return true;
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
      return false;
    }
    this.#room(FRAME_HEADER_BYTES + length);
    const at = this.#gathered;
    this.#gather.writeUInt32LE(length, at);
    this.#gather.set(message, at + FRAME_HEADER_BYTES);
    this.#gathered = at + FRAME_HEADER_BYTES + length;
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      onNextTurn(this.#flush);
    }
    return true;
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
    this.#full.push(this.#gather);
    this.#gather = this.#free.pop() ?? Buffer.allocUnsafeSlow(GATHER_BYTES);
    this.#gatheredFrom = this.#gathered = 0;
  }

  #writeGathered(): void {
    if (this.#gathered === this.#gatheredFrom || this.#isClosed) return;
    const bytes = this.#gather.subarray(this.#gatheredFrom, this.#gathered);
    this.#socket.write(bytes, this.#onWritten);
    this.#gatheredFrom = this.#gathered;
    if (this.#socket.writableLength === 0) this.#useAgain();
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    this.#writeGathered();
  };

  readonly #onWritten = (): void => {
    if (this.#socket.writableLength === 0) this.#useAgain();
    if (!this.#isOver) this.#drainHandler();
  };

  /** Nothing of the socket's waits: the system has copied all of it. */
  #useAgain(): void {
    if (this.#gatheredFrom === this.#gathered) this.#gatheredFrom = this.#gathered = 0;
    for (const buffer of this.#full) if (this.#free.length < FREE_BUFFERS_MAX) this.#free.push(buffer);
    if (this.#full.length > 0) this.#full = [];
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isClosed = true;
    this.#closeHandler?.(this.#error);
  }
}
