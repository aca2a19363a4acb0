/**
 * Ingest at a router: a batch is taken apart by the shards of its items, each part goes to its shard as it is, and what the shards say is put
 * together again. Whether an item is in order is the shards' business; whether the frame is, is seen here, before anything is sent.
 */

import type { FrameOutcome } from '../../engine/gateway.ts';
import { ItemPacker } from '../../engine/item-packer.ts';
import { EventTape } from '../../ingest/event-tape.ts';
import { type IngestFrame, ingestKindOf, readFrame, readTimeMs } from '../../ingest/frame-reader.ts';
import { messageIdOf, messageIdOfObject, messageIdPart } from '../../ingest/message-id.ts';
import { skipValue } from '../../ingest/msgpack.ts';
import { EngineError } from '../../model/error.ts';
import type { AckLevel, IngestOptions, IngestResult, RejectedItem } from '../../model/ingest.ts';
import type { IngestLimits } from '../../model/limits.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { RandomSource } from '../../runtime/random.ts';
import type { TrialOutcome } from '../quarantine.ts';
import { exhibitOf, itemKey } from '../quarantine-key.ts';
import type { WireBatch, WireOutcome } from '../wire-batch.ts';
import { ItemAddresser } from './item-address.ts';
import { isLoss, type QuarantineGuard } from './quarantine-guard.ts';
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
  /** Absent: nobody judges here what a shard died of. */
  readonly guard?: QuarantineGuard | undefined;
}

type BatchHead = Omit<WireBatch, 'hops' | 'count' | 'items' | 'indexes'>;

interface Head {
  readonly receivedAtMs: number;
  readonly sentAtMs: number;
  readonly isImport: boolean;
  readonly defaultKind: number;
  readonly ack: AckLevel;
}

/** Items for one shard. Their bytes may be the caller's: good until the end of the turn. */
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
        rejected.push({ index, ...messageIdPart(messageIdOfObject(item)), ...packed });
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

  /** What is suspected goes alone, what is quarantined not at all, and the rest as it is without waiting for them. */
  async #sendShare(shard: number, share: Share, head: BatchHead, refusals: EngineError[]): Promise<WireOutcome> {
    const { guard } = this.#parts;
    if (guard === undefined || guard.isIdleOfItems) return this.#sendTogether(shard, share, head, refusals);
    const rest: Share = { indexes: [], pieces: [], sizeBytes: 0 };
    const rejected: RejectedItem[] = [];
    const sent: Promise<WireOutcome>[] = [];
    const ownRefusals: EngineError[] = [];
    for (const [place, index] of share.indexes.entries()) {
      const bytes = share.pieces[place];
      const { standing, key } = guard.standingOfItem(bytes);
      if (standing === 'free') addItem(rest, index, bytes);
      else if (standing === 'quarantined')
        rejected.push(itemRefused(guard.refusal(key), index, bytes, 0, bytes.length));
      else sent.push(this.#sendAlone(guard, shard, index, Uint8Array.from(bytes), key, head, ownRefusals));
    }
    if (rest.indexes.length > 0) sent.push(this.#sendTogether(shard, rest, head, ownRefusals));
    const told = await Promise.all(sent);
    if (sent.length > 0 && ownRefusals.length === sent.length && rejected.length === 0) refusals.push(ownRefusals[0]);
    return {
      accepted: told.reduce((sum, { accepted }) => sum + accepted, 0),
      duplicates: told.reduce((sum, { duplicates }) => sum + duplicates, 0),
      rejected: [...rejected, ...told.flatMap((one) => one.rejected)],
      seqs: told.flatMap(({ seqs }) => seqs),
    };
  }

  /** A shard that refuses the whole refuses each of its items for now. */
  async #sendTogether(
    shard: number,
    { indexes, pieces, sizeBytes }: Share,
    head: BatchHead,
    refusals: EngineError[],
  ): Promise<WireOutcome> {
    const { guard } = this.#parts;
    const batch = batchOf(head, indexes, joined(pieces, sizeBytes));
    try {
      const told = await this.#call(shard, batch);
      if (told.lost !== undefined) guard?.died(shard, keysOf(batch, pieces, new Set(told.lost)));
      return told;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (isLoss(error)) guard?.died(shard, keysOf(batch, pieces));
      refusals.push(error);
      return refused(batch, error);
    }
  }

  async #sendAlone(
    guard: QuarantineGuard,
    shard: number,
    index: number,
    bytes: Uint8Array,
    key: string,
    head: BatchHead,
    refusals: EngineError[],
  ): Promise<WireOutcome> {
    const batch = batchOf(head, [index], bytes);
    const attempt = (): Promise<WireOutcome> => this.#call(shard, batch);
    const exhibit = (): ReturnType<typeof exhibitOf> => exhibitOf(bytes);
    const isHere = this.#parts.caller.isHere(shard);
    try {
      return await guard.alone(shard, key, attempt, trialOutcomeOf, exhibit, isHere);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (isLoss(error)) guard.died(shard, [key]);
      if (error.code !== 'quarantined') refusals.push(error);
      return refused(batch, error);
    }
  }

  async #call(shard: number, batch: WireBatch): Promise<WireOutcome> {
    const { length } = batch.items;
    this.#inFlightBytes += length;
    try {
      return await this.#parts.caller.call<WireOutcome>(shard, 'ingest', batch, { timeoutMs: INGEST_TIMEOUT_MS });
    } finally {
      this.#inFlightBytes -= length;
    }
  }
}

function batchOf(head: BatchHead, indexes: readonly number[], items: Uint8Array): WireBatch {
  return { ...head, hops: 0, count: indexes.length, items, indexes: Uint32Array.from(indexes) };
}

/** The error for each item. */
function refused({ indexes, items }: WireBatch, error: EngineError): WireOutcome {
  const isForNow = error.status >= 500 || error.status === 429;
  const view = new DataView(items.buffer, items.byteOffset, items.byteLength);
  const rejected: RejectedItem[] = [];
  let at = 0;
  for (const index of indexes) {
    const end = skipValue(items, view, at, items.length);
    const item = itemRefused(error, index, items, at, end);
    rejected.push(isForNow ? { ...item, retryable: true } : item);
    at = end;
  }
  return { accepted: 0, duplicates: 0, rejected, seqs: [] };
}

/** `start`, `end`: of the item in the bytes. */
function itemRefused(
  { code, message }: EngineError,
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): RejectedItem {
  return { index, ...messageIdPart(messageIdOf(bytes, start, end)), code, message };
}

/** Keys of the items, or of those with the indexes. The pieces are asked for their sizes only: their bytes may be others' by now. */
function keysOf(
  { items, indexes }: WireBatch,
  pieces: readonly Uint8Array[],
  among?: ReadonlySet<number> | undefined,
): string[] {
  const keys: string[] = [];
  let at = 0;
  for (const [place, { length }] of pieces.entries()) {
    if (among === undefined || among.has(indexes[place])) keys.push(itemKey(items, at, length));
    at += length;
  }
  return keys;
}

/** Of the one item that was sent. */
function trialOutcomeOf({ lost, rejected }: WireOutcome): TrialOutcome {
  if (lost !== undefined) return 'lost_elsewhere';
  return rejected.some(({ retryable }) => retryable === true) ? 'unsettled' : 'answered';
}

function addTo(shares: Map<number, Share>, shard: number, index: number, bytes: Uint8Array): void {
  let share = shares.get(shard);
  if (share === undefined) {
    share = { indexes: [], pieces: [], sizeBytes: 0 };
    shares.set(shard, share);
  }
  addItem(share, index, bytes);
}

function addItem(share: Share, index: number, bytes: Uint8Array): void {
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
