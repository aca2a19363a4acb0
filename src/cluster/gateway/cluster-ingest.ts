/**
 * Ingest at a router: a batch is taken apart by the shards of its items, each part goes to its shard as it is, and what the shards say is put
 * together again. Whether an item is in order is the shards' business; whether the frame is, is seen here, before anything is sent.
 */

import type { FrameOutcome } from '../../engine/gateway.ts';
import { ItemPacker } from '../../engine/item-packer.ts';
import { EventTape } from '../../ingest/event-tape.ts';
import { type IngestFrame, ingestKindOf, readFrame, readTimeMs } from '../../ingest/frame-reader.ts';
import { EngineError } from '../../model/error.ts';
import type { AckLevel, IngestOptions, IngestResult, RejectedItem } from '../../model/ingest.ts';
import type { IngestLimits } from '../../model/limits.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { RandomSource } from '../../runtime/random.ts';
import type { WireBatch, WireOutcome } from '../wire-batch.ts';
import { ItemAddresser } from './item-address.ts';
import type { ShardCaller } from './shard-caller.ts';

const INGEST_TIMEOUT_MS = 60_000;
/** Of batches under way to shards: what one router holds for senders that do not wait. */
const IN_FLIGHT_BYTES_MAX = 128 * 2 ** 20;

export interface ClusterIngestParts {
  readonly caller: ShardCaller;
  readonly slots: SlotMap;
  readonly limits: IngestLimits;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly shardCount: () => number;
}

interface Head {
  readonly receivedAtMs: number;
  readonly sentAtMs: number;
  readonly isImport: boolean;
  readonly defaultKind: number;
  readonly ack: AckLevel;
}

/** Items for one shard, as runs of bytes of the batch. */
interface Share {
  readonly indexes: number[];
  readonly pieces: Uint8Array[];
  sizeBytes: number;
}

export class ClusterIngest {
  accepted = 0;
  queuedItems = 0;
  isClosed = false;
  readonly #parts: ClusterIngestParts;
  readonly #tape = new EventTape();
  readonly #packer: ItemPacker;
  readonly #addresser: ItemAddresser;
  readonly #seqs = new Map<number, number>();
  #inFlightBytes = 0;

  constructor(parts: ClusterIngestParts) {
    this.#parts = parts;
    this.#packer = new ItemPacker(parts.limits);
    this.#addresser = new ItemAddresser(parts.slots);
  }

  pressure(): EngineError | undefined {
    if (this.isClosed) return new EngineError('shutting_down', 'the router is closing', { retryAfterMs: 5_000 });
    if (this.#inFlightBytes <= IN_FLIGHT_BYTES_MAX) return undefined;
    const message = `${this.#inFlightBytes} bytes are on their way to the shards already`;
    return new EngineError('overloaded', message, { retryAfterMs: 500 });
  }

  #admit(count: number): void {
    const pressure = this.pressure();
    if (pressure !== undefined) throw pressure;
    const { batchCount } = this.#parts.limits;
    if (count <= batchCount) return;
    throw new EngineError('payload_too_large', `a batch of ${count} events; the limit is ${batchCount}`, {
      details: { limit: batchCount },
    });
  }

  /** Errors: malformed_msgpack, malformed_request, payload_too_large, overloaded, shutting_down. */
  ingestFrame(bytes: Uint8Array, options: IngestOptions = {}): FrameOutcome {
    const frame = readFrame(this.#tape, bytes, () => -1);
    if (frame.kind === 'message') return frame;
    this.#admit(frame.itemCount);
    const shares = this.#split(frame);
    const isImport = frame.isImport || options.isImport === true;
    const head: Head = {
      receivedAtMs: this.#parts.clock.nowMs(),
      sentAtMs: isImport ? Number.NaN : frame.sentAtMs,
      isImport,
      defaultKind: frame.defaultKind,
      ack: frame.ack ?? options.ack ?? 'durable',
    };
    const { ref, itemCount } = frame;
    return { kind: 'ingest', ref, itemCount, result: this.#send(head, shares, itemCount, []) };
  }

  #split({ itemsStart, itemsEnd, itemCount }: IngestFrame): Map<number, Share> {
    const { bytes, view } = this.#tape;
    const shares = new Map<number, Share>();
    let at = itemsStart;
    for (let index = 0; index < itemCount; index++) {
      const shard = this.#addresser.shardOf(bytes, view, at, itemsEnd);
      const { end } = this.#addresser;
      addTo(shares, shard, index, bytes.subarray(at, end));
      at = end;
    }
    if (at !== itemsEnd) {
      throw new EngineError('malformed_msgpack', 'bytes are left behind the frame', { details: { byte: at } });
    }
    return shares;
  }

  /** Errors: payload_too_large, overloaded, shutting_down; those of the shards when every one of them refused the whole. */
  async ingest(items: readonly unknown[], options: IngestOptions = {}): Promise<IngestResult> {
    this.#admit(items.length);
    const isImport = options.isImport === true;
    const head: Head = {
      receivedAtMs: this.#parts.clock.nowMs(),
      sentAtMs: isImport ? Number.NaN : readTimeMs(options.sentAt),
      isImport,
      defaultKind: ingestKindOf(options.type) ?? 0,
      ack: options.ack ?? 'durable',
    };
    const shares = new Map<number, Share>();
    const rejected: RejectedItem[] = [];
    for (const [index, item] of items.entries()) {
      const packed = this.#packer.pack(item, options.context);
      if (!(packed instanceof Uint8Array)) {
        rejected.push({ index, code: packed.code, message: packed.message });
        continue;
      }
      const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
      addTo(shares, this.#addresser.shardOf(packed, view, 0, packed.length), index, packed);
    }
    return this.#send(head, shares, items.length, rejected);
  }

  async #send(head: Head, shares: Map<number, Share>, count: number, rejected: RejectedItem[]): Promise<IngestResult> {
    const { random, shardCount } = this.#parts;
    const seeds = { idSeedHigh: random.nextUint32(), idSeedLow: random.nextUint32() };
    const refusals: EngineError[] = [];
    let accepted = 0;
    let duplicates = 0;
    this.queuedItems += count;
    try {
      await Promise.all(
        [...shares].map(async ([shard, share]) => {
          const told = await this.#sendShare(shard, share, { ...head, ...seeds }, refusals);
          accepted += told.accepted;
          duplicates += told.duplicates;
          rejected.push(...told.rejected);
          for (const [index, seq] of told.seqs) this.#seqs.set(index, Math.max(seq, this.#seqs.get(index) ?? 0));
        }),
      );
    } finally {
      this.queuedItems -= count;
    }
    if (refusals.length > 0 && refusals.length === shares.size) throw refusals[0];
    this.accepted += accepted;
    rejected.sort((a, b) => a.index - b.index);
    const seq = Array.from({ length: shardCount() }, (_, index) => this.#seqs.get(index) ?? 0);
    return { accepted, duplicates, rejected, seq };
  }

  /** A shard that refuses the whole share refuses each of its items for now. */
  async #sendShare(
    shard: number,
    { indexes, pieces, sizeBytes }: Share,
    head: Omit<WireBatch, 'hops' | 'count' | 'items' | 'indexes'>,
    refusals: EngineError[],
  ): Promise<WireOutcome> {
    const batch: WireBatch = {
      ...head,
      hops: 0,
      count: indexes.length,
      items: joined(pieces, sizeBytes),
      indexes: Uint32Array.from(indexes),
    };
    this.#inFlightBytes += sizeBytes;
    try {
      return await this.#parts.caller.call<WireOutcome>(shard, 'ingest', batch, { timeoutMs: INGEST_TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      refusals.push(error);
      const { code, message } = error;
      const isForNow = error.status >= 500 || error.status === 429;
      const rejected = indexes.map(
        (index): RejectedItem => ({ index, code, message, ...(isForNow ? { retryable: true } : {}) }),
      );
      return { accepted: 0, duplicates: 0, rejected, seqs: [] };
    } finally {
      this.#inFlightBytes -= sizeBytes;
    }
  }
}

/** The bytes of runs that lie side by side are one piece. */
function addTo(shares: Map<number, Share>, shard: number, index: number, bytes: Uint8Array): void {
  let share = shares.get(shard);
  if (share === undefined) {
    share = { indexes: [], pieces: [], sizeBytes: 0 };
    shares.set(shard, share);
  }
  share.indexes.push(index);
  share.pieces.push(bytes);
  share.sizeBytes += bytes.length;
}

function joined(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
