/**
 * Sends items to `POST /v1/import` in gzipped batches, several requests at once. Items of one user always go through the same
 * lane and a lane has one request in flight, so a user's events arrive in the file's order (ties in time keep it).
 *
 * `ackedRow` is the row up to which everything was answered; a run that continues there leaves nothing out. Memory: two
 * batches a lane.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { EngineError } from '../../model/error.ts';
import type { Client } from '../client.ts';

export interface SentItem {
  readonly row: number;
  /** The item as JSON. */
  readonly text: string;
}

export interface BatchOutcome {
  /** Stored now or before. */
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly item: SentItem; readonly code: string; readonly message: string }[];
}

export interface BatchSenderOptions {
  readonly client: Client;
  readonly laneCount: number;
  readonly batchCount: number;
  readonly isGzip: boolean;
  readonly onOutcome: (outcome: BatchOutcome) => void;
}

interface Lane {
  waiting: SentItem[];
  waitingSizeBytes: number;
  sending: readonly SentItem[];
  request: Promise<void> | undefined;
}

interface ServerAnswer {
  readonly accepted?: number;
  readonly duplicates?: number;
  readonly rejected?: readonly { readonly index: number; readonly code: string; readonly message: string }[];
}

/** Well under the server's limit for a body. */
const BATCH_SIZE_BYTES_MAX = 1_500_000;
const compress = promisify(gzip);

export class BatchSender {
  readonly #options: BatchSenderOptions;
  readonly #lanes: Lane[];
  #lastRow: number;
  #failure: unknown;

  constructor(options: BatchSenderOptions, startRow = 0) {
    this.#options = options;
    this.#lastRow = startRow;
    this.#lanes = Array.from({ length: options.laneCount }, () => ({
      waiting: [],
      waitingSizeBytes: 0,
      sending: [],
      request: undefined,
    }));
  }

  /** Takes a row's items, in row order; an empty list says that the row is done with. Waits while its lane is full. */
  async add(row: number, laneKey: string, texts: readonly string[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#lastRow = row;
    if (texts.length === 0) return;
    const lane = this.#lanes[hashText(laneKey) % this.#lanes.length];
    for (const text of texts) {
      lane.waiting.push({ row, text });
      lane.waitingSizeBytes += text.length;
    }
    const isFull = lane.waiting.length >= this.#options.batchCount || lane.waitingSizeBytes >= BATCH_SIZE_BYTES_MAX;
    if (isFull) await this.#flush(lane);
  }

  /** Every row up to here was answered, refused or passed over. */
  get ackedRow(): number {
    let row = this.#lastRow;
    for (const { sending, waiting } of this.#lanes) {
      const oldest = sending[0] ?? waiting[0];
      if (oldest !== undefined) row = Math.min(row, oldest.row - 1);
    }
    return row;
  }

  /** Sends what waits and resolves when everything is answered. */
  async finish(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => this.#flush(lane)));
    await Promise.all(this.#lanes.map((lane) => lane.request));
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** After a failure: waits for the other requests, so that their answers still count. */
  async settle(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.request));
  }

  async #flush(lane: Lane): Promise<void> {
    await lane.request;
    if (this.#failure !== undefined) throw this.#failure;
    if (lane.waiting.length === 0) return;
    lane.sending = lane.waiting;
    lane.waiting = [];
    lane.waitingSizeBytes = 0;
    lane.request = this.#send(lane);
  }

  /** Never rejects: a failure is kept for the next call, and the batch stays in `sending`, so it does not count as acked. */
  async #send(lane: Lane): Promise<void> {
    try {
      this.#options.onOutcome(await this.#post(lane.sending));
      lane.sending = [];
    } catch (error) {
      this.#failure ??= error;
    } finally {
      lane.request = undefined;
    }
  }

  async #post(items: readonly SentItem[]): Promise<BatchOutcome> {
    const text = `{"batch":[${items.map((item) => item.text).join(',')}]}`;
    const { client, isGzip } = this.#options;
    const headers = { 'content-type': 'application/json', ...(isGzip ? { 'content-encoding': 'gzip' } : {}) };
    try {
      const body = isGzip ? await compress(text, { level: 1 }) : text;
      const answer = (await client.post('/v1/import', body, headers)) as ServerAnswer;
      const rejected = (answer.rejected ?? []).map(({ index, code, message }) => ({
        item: items[index],
        code,
        message,
      }));
      const accepted = answer.accepted ?? items.length - rejected.length;
      return { accepted, duplicates: answer.duplicates ?? 0, rejected };
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'payload_too_large') throw error;
      return this.#postHalves(items, error);
    }
  }

  async #postHalves(items: readonly SentItem[], error: EngineError): Promise<BatchOutcome> {
    if (items.length === 1) {
      return { accepted: 0, duplicates: 0, rejected: [{ item: items[0], code: error.code, message: error.message }] };
    }
    const middle = items.length >> 1;
    const first = await this.#post(items.slice(0, middle));
    const second = await this.#post(items.slice(middle));
    return {
      accepted: first.accepted + second.accepted,
      duplicates: first.duplicates + second.duplicates,
      rejected: [...first.rejected, ...second.rejected],
    };
  }
}

/** FNV-1a over UTF-16 units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
