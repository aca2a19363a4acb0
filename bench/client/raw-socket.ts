/** A TCP connection read into one buffer that is used again and again: no object per piece of input. */
import net from 'node:net';
import { BenchError } from '../process/bench-error.ts';

const READ_BUFFER_BYTES = 256 * 1024;

export interface RawSocket {
  write(bytes: Buffer): void;
  /** Ends the connection without ceremony. */
  destroy(): void;
}

/** `onRead` gets the shared buffer and how much of it is new. */
export function connectRaw(
  port: number,
  onRead: (buffer: Buffer, size: number) => void,
  onEnd: () => void,
): Promise<RawSocket> {
  return new Promise((resolve, reject) => {
    let isConnected = false;
    const socket = net.connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(READ_BUFFER_BYTES),
        callback: (size, buffer) => {
          onRead(buffer as Buffer, size);
          return true;
        },
      },
    });
    socket.on('error', (error) => {
      if (!isConnected) reject(new BenchError(`cannot connect to port ${port}: ${error.message}`));
    });
    socket.on('close', () => {
      if (isConnected) onEnd();
    });
    socket.on('connect', () => {
      isConnected = true;
      resolve(socket);
    });
  });
}
