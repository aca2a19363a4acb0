/** A Redis server of our own on a free port, in a folder of its own, with nothing but what the bench asks of it. */
import { createServer } from 'node:net';
import { connectRaw } from '../client/raw-socket.ts';
import { ReplyCounter } from '../client/reply-counter.ts';
import { BenchError } from '../process/bench-error.ts';
import { Child } from '../process/child.ts';

/** `none`: memory only. The others: what Redis promises about its append-only file when it answers. */
export type AppendSync = 'none' | 'always' | 'everysec';

export interface RedisOptions {
  readonly appendSync: AppendSync;
  readonly folder: string;
  readonly cpus: string | undefined;
}

const CONNECT_ATTEMPTS = 100;
const POLL_MS = 50;

export class RedisServer {
  readonly port: number;
  readonly process: Child;

  private constructor(port: number, process: Child) {
    this.port = port;
    this.process = process;
  }

  static async start(options: RedisOptions): Promise<RedisServer> {
    const port = await freePort();
    const { appendSync, folder, cpus } = options;
    const persistence = appendSync === 'none' ? ['no'] : ['yes', '--appendfsync', appendSync];
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly'];
    // Rewrites of the file in the middle of a turn would be measured as well.
    const rest = [...persistence, '--auto-aof-rewrite-percentage', '0'];
    const child = new Child('redis-server', 'redis-server', [...args, ...rest], { cpus });
    const server = new RedisServer(port, child);
    for (let attempt = 0; attempt < CONNECT_ATTEMPTS; attempt++) {
      const isUp = await server.ask('PING').then(
        (reply) => reply.startsWith('+PONG'),
        () => false,
      );
      if (isUp) return server;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new BenchError('redis-server does not answer');
  }

  /** The reply as it came, for a command without blanks in its words. */
  async ask(...words: readonly string[]): Promise<string> {
    let reply = '';
    let replied = (): void => undefined;
    let failed = (_error: Error): void => undefined;
    const whole = new Promise<void>((resolve, reject) => {
      replied = resolve;
      failed = reject;
    });
    const socket = await connectRaw(
      this.port,
      (buffer, size) => {
        reply += buffer.toString('latin1', 0, size);
        if (isWhole(reply)) replied();
      },
      () => failed(new BenchError('redis-server closed the connection')),
    );
    socket.write(Buffer.from(commandText(words)));
    await whole;
    socket.destroy();
    return reply;
  }

  /** The number that the command answers. */
  async askNumber(...words: readonly string[]): Promise<number> {
    const reply = await this.ask(...words);
    if (!reply.startsWith(':')) throw new BenchError(`redis-server: ${reply.trim()}`);
    return Number(reply.slice(1));
  }

  /** The text that the command answers. */
  async askText(...words: readonly string[]): Promise<string> {
    const reply = await this.ask(...words);
    const text = reply.slice(reply.indexOf('\r\n') + 2, -2);
    return Buffer.from(text, 'latin1').toString('utf8');
  }

  /** Makes the append-only file as small as what is held, so that disks do not fill over many turns. */
  async rewriteFile(): Promise<void> {
    await this.ask('BGREWRITEAOF');
    for (;;) {
      const state = await this.askText('INFO', 'persistence');
      if (state.includes('aof_rewrite_in_progress:0') && state.includes('aof_rewrite_scheduled:0')) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Sets keys in bulk; each batch is answered before the next is made. */
  async setAll(batches: AsyncIterable<readonly (readonly [key: string, value: Uint8Array])[]>): Promise<void> {
    let replies = 0;
    let answered = (): void => undefined;
    let failed = (_error: Error): void => undefined;
    const counter = new ReplyCounter((text) => failed(new BenchError(text)));
    const socket = await connectRaw(
      this.port,
      (buffer, size) => {
        replies -= counter.push(buffer, size);
        if (replies === 0) answered();
      },
      () => failed(new BenchError('redis-server closed the connection')),
    );
    for await (const batch of batches) {
      if (batch.length === 0) continue;
      const done = new Promise<void>((resolve, reject) => {
        answered = resolve;
        failed = reject;
      });
      replies = batch.length;
      socket.write(Buffer.concat(batch.flatMap(([key, value]) => setCommand(key, value))));
      await done;
    }
    socket.destroy();
  }
}

const LINE_END = Buffer.from('\r\n');

function setCommand(key: string, value: Uint8Array): Uint8Array[] {
  const head = `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n`;
  return [Buffer.from(head), value, LINE_END];
}

function commandText(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

function isWhole(reply: string): boolean {
  const end = reply.indexOf('\r\n');
  if (end < 0) return false;
  if (!reply.startsWith('$')) return true;
  const length = Number(reply.slice(1, end));
  return length < 0 || reply.length >= end + 2 + length + 2;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new BenchError('no free port'));
      });
    });
  });
}
