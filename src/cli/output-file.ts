/** Where a command's lines go: standard output, a file, or a gzipped file. Waits while the other side is slow. */
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { EngineError } from '../model/error.ts';
import { type Terminal, write } from './terminal.ts';

const CHUNK_LENGTH = 64 * 1024;

export class OutputFile {
  readonly #stream: Writable;
  readonly #closed: Promise<void>;
  #failure: unknown;
  #pending: string[] = [];
  #pendingLength = 0;

  /** `path` absent or `-` is standard output; `.gz` at its end packs. */
  constructor(path: string | undefined, terminal: Terminal) {
    if (path === undefined || path === '-') {
      this.#stream = terminal.stdout;
      this.#closed = Promise.resolve();
      return;
    }
    const file = createWriteStream(path);
    this.#closed = finished(file).catch((error: unknown) => {
      this.#failure = new EngineError('invalid_request', `cannot write ${path}: ${(error as Error).message}`, {
        cause: error,
      });
    });
    this.#stream = file;
    if (!path.endsWith('.gz')) return;
    const gzip = createGzip({ level: 6 });
    gzip.pipe(file);
    this.#stream = gzip;
  }

  async writeLine(line: string): Promise<void> {
    this.#pending.push(line, '\n');
    this.#pendingLength += line.length + 1;
    if (this.#pendingLength >= CHUNK_LENGTH) await this.#flush();
  }

  async writeBytes(bytes: Uint8Array): Promise<void> {
    await this.#flush();
    await this.#write(bytes);
  }

  /** Resolves when all is written. Errors: invalid_request when the file could not be. */
  async close(isStandardOutput: boolean): Promise<void> {
    await this.#flush();
    if (!isStandardOutput) {
      this.#stream.end();
      await this.#closed;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const text = this.#pending.join('');
    this.#pending = [];
    this.#pendingLength = 0;
    await this.#write(text);
  }

  async #write(content: string | Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await Promise.race([write(this.#stream, content), this.#closed]);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
