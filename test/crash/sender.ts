/**
 * A client that outlives the server: sends batches, remembers which were acknowledged, and after a crash sends the others
 * again, as they were.
 */
import { gzipSync } from 'node:zlib';
import { decode, encode } from '@msgpack/msgpack';
import WebSocket from 'ws';
import { asWriter } from '../process/kith-process.ts';
import { type Random, randomOf } from '../process/seed.ts';
import { Crowd, type Deed } from './person.ts';

export type Wire = 'msgpack' | 'json' | 'http';

export interface Batch {
  readonly ref: number;
  readonly deeds: readonly Deed[];
  isSent: boolean;
  isAcked: boolean;
}

export interface SenderOptions {
  readonly name: string;
  readonly wire: Wire;
  readonly random: Random;
  /** What was not acknowledged when the connection broke is never sent again. */
  readonly isLossy?: boolean | undefined;
  /** Frames under way at the same time. */
  readonly windowCount?: number | undefined;
}

export class Sender {
  readonly name: string;
  readonly wire: Wire;
  readonly isLossy: boolean;
  readonly crowd: Crowd;
  /** In the order of their first sending. */
  readonly batches: Batch[] = [];
  readonly #random: Random;
  readonly #windowCount: number;
  /** Called after each ack. */
  onAck: () => void = () => {};

  constructor(options: SenderOptions) {
    this.name = options.name;
    this.wire = options.wire;
    this.isLossy = options.isLossy === true;
    this.#random = options.random;
    this.#windowCount = options.windowCount ?? 6;
    this.crowd = new Crowd(options.name, options.random.fork(), this.isLossy);
  }

  /**
   * Sends until the connection ends, and resolves then. First what is owed from before, then `newCount` new batches (default:
   * without end). With a `newCount` the connection is closed when all is acknowledged. Rejects when a batch is refused for
   * another reason than the server's end.
   */
  run(url: string, newCount = Number.POSITIVE_INFINITY): Promise<void> {
    const owed = this.isLossy ? [] : this.batches.filter((batch) => !batch.isAcked);
    let left = newCount;
    const next = (): Batch | undefined => {
      const batch = owed.shift();
      if (batch !== undefined) return batch;
      if (left === 0) return undefined;
      left -= 1;
      return this.#newBatch();
    };
    return this.wire === 'http' ? this.#runHttp(url, next) : this.#runStream(url, next);
  }

  #newBatch(): Batch {
    const count = 1 + this.#random.below(this.#random.chance(10) ? 60 : 8);
    const deeds = Array.from({ length: count }, () => this.crowd.next());
    const batch = { ref: this.batches.length, deeds, isSent: false, isAcked: false };
    this.batches.push(batch);
    return batch;
  }

  #acknowledge(batch: Batch, answer: { readonly accepted?: number; readonly rejected?: readonly unknown[] }): void {
    if (answer.accepted !== batch.deeds.length || answer.rejected?.length !== 0) {
      throw new Error(`${this.name}: batch ${batch.ref} was answered ${JSON.stringify(answer)}`);
    }
    batch.isAcked = true;
    this.onAck();
  }

  async #runHttp(url: string, next: () => Batch | undefined): Promise<void> {
    for (let batch = next(); batch !== undefined; batch = next()) {
      batch.isSent = true;
      const body = Buffer.from(JSON.stringify({ batch: batch.deeds.map(({ item }) => item) }));
      const isZipped = this.#random.chance(50);
      const headers: Record<string, string> = isZipped ? { ...asWriter, 'content-encoding': 'gzip' } : asWriter;
      let answer: { status: number; text: string };
      try {
        const response = await fetch(`${url}/v1/batch`, {
          method: 'POST',
          headers,
          body: isZipped ? gzipSync(body) : body,
        });
        answer = { status: response.status, text: await response.text() };
      } catch {
        return;
      }
      if (answer.status === 503 && answer.text.includes('shutting_down')) return;
      if (answer.status !== 200) throw new Error(`${this.name}: ${answer.status} ${answer.text}`);
      this.#acknowledge(batch, JSON.parse(answer.text));
    }
  }

  #runStream(url: string, next: () => Batch | undefined): Promise<void> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/stream`, { headers: asWriter });
    const isBinary = this.wire === 'msgpack';
    const underWay = new Map<number, Batch>();
    let isShuttingDown = false;
    const pump = (): void => {
      while (underWay.size < this.#windowCount && !isShuttingDown) {
        const batch = next();
        if (batch === undefined) break;
        batch.isSent = true;
        underWay.set(batch.ref, batch);
        const frame = { op: 'batch', ref: batch.ref, batch: batch.deeds.map(({ item }) => item) };
        socket.send(isBinary ? encode(frame) : JSON.stringify(frame));
      }
      if (underWay.size === 0) socket.close();
    };
    return new Promise((resolve, reject) => {
      socket.on('open', pump);
      socket.on('message', (data: Buffer, isBinaryFrame) => {
        // biome-ignore lint/suspicious/noExplicitAny: an answer of any shape; what it lacks shows in #acknowledge.
        const message = (isBinaryFrame ? decode(data) : JSON.parse(data.toString())) as any;
        if (message.op === 'credit') return;
        try {
          const batch = underWay.get(message.ack);
          if (batch === undefined) throw new Error(`${this.name}: nobody waits for ${JSON.stringify(message)}`);
          underWay.delete(batch.ref);
          if (message.error?.code === 'shutting_down') isShuttingDown = true;
          else this.#acknowledge(batch, message);
          pump();
        } catch (error) {
          reject(error as Error);
          socket.terminate();
        }
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  }
}

/** One sender a wire. */
export function sendersOf(seed: number): Sender[] {
  const random = randomOf(seed);
  return (['msgpack', 'json', 'http'] as const).map((wire) => new Sender({ name: wire, wire, random: random.fork() }));
}
