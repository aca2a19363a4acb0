/**
 * Ingest from the door to the shards: scan, route, apply, append, acknowledge. Everything up to the append happens in one turn
 * for up to SLICE_COUNT items (a millisecond); larger batches go on in later turns, one slice a turn however many batches are under way, so that
 * lookups are never far from their turn. Batches that come together are spread over turns by the doors (`server/ingest-turns.ts`).
 */
import type { EventTape } from '../ingest/event-tape.ts';
import { type IngestFrame, ingestKindOf, readFrame, readTimeMs } from '../ingest/frame-reader.ts';
import type { ItemScanner } from '../ingest/item-scanner.ts';
import { messageIdOf, messageIdOfObject, messageIdPart } from '../ingest/message-id.ts';
import { skipValue } from '../ingest/msgpack.ts';
import { EngineError } from '../model/error.ts';
import type { AckLevel, IngestOptions, IngestResult, RejectedItem } from '../model/ingest.ts';
import type { IngestLimits } from '../model/limits.ts';
import type { Identifier } from '../model/profile.ts';
import type { BatchOutcome, Router } from '../router/router.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { BatchHeader } from '../shard/record.ts';
import type { Shard } from '../shard/shard.ts';
import type { FrameOutcome } from './engine.ts';
import { IngestStandardiser } from './ingest-standardiser.ts';
import { ItemPacker } from './item-packer.ts';

const SLICE_COUNT = 256;

/** An item whose profile is known: the one that has the identifier. */
export interface PlacedItem {
  readonly identifier: Identifier;
  readonly item: Record<string, unknown>;
}

export interface IngestCounters {
  accepted: number;
  duplicates: number;
  queuedItems: number;
  readonly rejectedByCode: Record<string, number>;
  readonly droppedByReason: Record<string, number>;
}

export class IngestPipeline {
  readonly counters: IngestCounters = {
    accepted: 0,
    duplicates: 0,
    queuedItems: 0,
    rejectedByCode: {},
    droppedByReason: {},
  };
  readonly #router: Router;
  readonly standardiser: IngestStandardiser;
  readonly #scanner: ItemScanner;
  readonly #tape: EventTape;
  readonly #limits: IngestLimits;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #pressure: () => EngineError | undefined;
  /** Resolves when the last turn asked for has come. */
  #turns: Promise<void> = Promise.resolve();
  #failure: EngineError | undefined;
  readonly #packer: ItemPacker;

  constructor(
    router: Router,
    scanner: ItemScanner,
    limits: IngestLimits,
    clock: Clock,
    random: RandomSource,
    pressure: () => EngineError | undefined,
  ) {
    this.#router = router;
    this.#scanner = scanner;
    this.standardiser = new IngestStandardiser(scanner, router.shards[0].data.names);
    this.#tape = scanner.tape;
    this.#limits = limits;
    this.#packer = new ItemPacker(limits);
    this.#clock = clock;
    this.#random = random;
    this.#pressure = pressure;
  }

  #admit(itemCount: number): void {
    const pressure = this.#failure ?? this.#pressure();
    if (pressure !== undefined) throw pressure;
    if (itemCount > this.#limits.batchCount) {
      throw new EngineError(
        'payload_too_large',
        `a batch of ${itemCount} events; the limit is ${this.#limits.batchCount}`,
        {
          details: { limit: this.#limits.batchCount },
        },
      );
    }
  }

  #header(sentAtMs: number, isImport: boolean, defaultKind: number): BatchHeader {
    return {
      receivedAtMs: this.#clock.nowMs(),
      sentAtMs: isImport ? Number.NaN : sentAtMs,
      isImport,
      defaultKind,
      idSeedHigh: this.#random.nextUint32(),
      idSeedLow: this.#random.nextUint32(),
    };
  }

  ingestFrame(bytes: Uint8Array, options: IngestOptions = {}): FrameOutcome {
    const outcome = newOutcome();
    const scanItems = (start: number, end: number, count: number, defaultKind: number): number => {
      let at = start;
      for (let index = 0; index < count; index++) at = this.#scanOne(at, end, index, defaultKind, outcome);
      return at;
    };
    const frame = readFrame(this.#tape, bytes, (start, end, count, defaultKind) =>
      count > SLICE_COUNT ? -1 : scanItems(start, end, count, defaultKind),
    );
    if (frame.kind === 'message') return frame;
    this.#admit(frame.itemCount);
    const header = this.#header(frame.sentAtMs, frame.isImport || options.isImport === true, frame.defaultKind);
    const { ref, itemCount } = frame;
    const ack = frame.ack ?? options.ack ?? 'durable';
    if (itemCount > SLICE_COUNT) {
      const copy = Uint8Array.from(bytes);
      const slices = sliceItems(copy, frame);
      const result = this.#ingestLongFrame(copy, slices, itemCount, header, ack);
      return { kind: 'ingest', ref, itemCount, result };
    }
    // Scanned whole before anything is applied: a frame that breaks off in the middle changes nothing.
    if (!frame.isScanned) {
      checkItemsEnd(scanItems(frame.itemsStart, this.#tape.length, itemCount, frame.defaultKind), frame);
    }
    this.#applyScanned(header, outcome);
    return { kind: 'ingest', ref, itemCount, result: this.#acknowledge(outcome, this.#commit(header, ack)) };
  }

  async #ingestLongFrame(
    bytes: Uint8Array,
    slices: readonly Slice[],
    itemCount: number,
    header: BatchHeader,
    ack: AckLevel,
  ): Promise<IngestResult> {
    const outcome = newOutcome();
    let waits: Promise<void>[] = [];
    this.counters.queuedItems += itemCount;
    let left = itemCount;
    try {
      for (const slice of slices) {
        if (slice.index > 0) await this.#nextTurn();
        this.#tape.reset();
        this.#tape.append(bytes.subarray(slice.start, slice.end));
        const end = this.#tape.length;
        let local = 0;
        for (let i = 0; i < slice.count; i++)
          local = this.#scanOne(local, end, slice.index + i, header.defaultKind, outcome);
        this.#applyScanned(header, outcome);
        waits = this.#commit(header, ack);
        left -= slice.count;
        this.counters.queuedItems -= slice.count;
      }
    } finally {
      this.counters.queuedItems -= left;
    }
    return this.#acknowledge(outcome, waits);
  }

  async ingest(items: readonly unknown[], options: IngestOptions = {}): Promise<IngestResult> {
    this.#admit(items.length);
    const isImport = options.isImport === true;
    const header = this.#header(readTimeMs(options.sentAt), isImport, ingestKindOf(options.type) ?? 0);
    const outcome = newOutcome();
    let waits: Promise<void>[] = [];
    this.counters.queuedItems += items.length;
    for (let index = 0; index < items.length; ) {
      const sliceEnd = Math.min(items.length, index + SLICE_COUNT);
      this.#tape.reset();
      for (let i = index; i < sliceEnd; i++) this.#packOne(items[i], i, header, options.context, outcome);
      this.#applyScanned(header, outcome);
      waits = this.#commit(header, options.ack ?? 'durable');
      this.counters.queuedItems -= sliceEnd - index;
      index = sliceEnd;
      if (index < items.length) await this.#nextTurn();
    }
    return this.#acknowledge(outcome, waits);
  }

  /**
   * Items for profiles that are known, `count` of them. `place` is asked for each in the turn in which it is applied; undefined = it is for nobody.
   * Times are taken as they stand. On disk when it resolves.
   */
  async ingestPlaced(count: number, place: (index: number) => PlacedItem | undefined): Promise<IngestResult> {
    this.#admit(count);
    const header = this.#header(Number.NaN, true, 0);
    const outcome = newOutcome();
    let waits: Promise<void>[] = [];
    this.counters.queuedItems += count;
    try {
      for (let start = 0; start < count; start += SLICE_COUNT) {
        if (start > 0) await this.#nextTurn();
        this.#tape.reset();
        this.#applyPlaced(start, Math.min(count, start + SLICE_COUNT), place, header, outcome);
        waits = this.#commit(header, 'durable');
      }
    } finally {
      this.counters.queuedItems -= count;
    }
    return this.#acknowledge(outcome, waits);
  }

  #applyPlaced(
    start: number,
    end: number,
    place: (index: number) => PlacedItem | undefined,
    header: BatchHeader,
    outcome: BatchOutcome,
  ): void {
    const identifiers: Identifier[] = [];
    for (let index = start; index < end; index++) {
      const placed = place(index);
      if (placed === undefined) continue;
      this.#packOne(placed.item, index, header, undefined, outcome);
      if (this.#tape.itemCount > identifiers.length) identifiers.push(placed.identifier);
    }
    identifiers.forEach((identifier, item) => {
      this.#router.applyUnder(identifier, this.#tape, item, header, outcome);
    });
  }

  /** A turn of its own for each who asks, in the order of asking. */
  #nextTurn(): Promise<void> {
    this.#turns = this.#turns.then(() => this.#clock.yieldTurn());
    return this.#turns;
  }

  #packOne(value: unknown, index: number, header: BatchHeader, context: unknown, outcome: BatchOutcome): void {
    const packed = this.#packer.pack(value, context);
    if (!(packed instanceof Uint8Array)) {
      outcome.rejected.push({ index, ...messageIdPart(messageIdOfObject(value)), ...packed });
      return;
    }
    const at = this.#tape.append(packed);
    this.#scanOne(at, this.#tape.length, index, header.defaultKind, outcome);
  }

  /** Scans one item onto the tape; gives the position behind it. */
  #scanOne(at: number, end: number, index: number, defaultKind: number, outcome: BatchOutcome): number {
    const scanner = this.#scanner;
    const after = scanner.scan(at, end, index, defaultKind);
    if (!this.standardiser.isIdle && scanner.errorCode === undefined) this.standardiser.apply(index, defaultKind);
    if (scanner.errorCode !== undefined) {
      const { errorCode: code, errorMessage: message } = scanner;
      outcome.rejected.push({ index, ...messageIdPart(messageIdOf(this.#tape.bytes, at, after)), code, message });
    }
    return after;
  }

  #applyScanned(header: BatchHeader, outcome: BatchOutcome): void {
    const tape = this.#tape;
    for (let item = 0; item < tape.itemCount; item++) this.#router.apply(tape, item, header, outcome);
  }

  #commit(header: BatchHeader, ack: AckLevel): Promise<void>[] {
    try {
      const touched = this.#router.commit(this.#tape, header);
      return ack === 'durable' ? touched.map(({ shard, seq }) => shard.storage.log.durable(seq)) : [];
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** The disk failed: memory may be ahead of the log, so nothing more is taken. A restart recovers what was durable. */
  #fail(error: unknown): void {
    this.#failure ??=
      error instanceof EngineError
        ? error
        : new EngineError('storage_failed', 'the event log failed; restart the engine', { cause: error });
  }

  async #acknowledge(outcome: BatchOutcome, waits: Promise<void>[]): Promise<IngestResult> {
    const { counters } = this;
    counters.accepted += outcome.accepted;
    counters.duplicates += outcome.duplicates;
    countRejected(counters, outcome.rejected);
    for (const [reason, count] of outcome.refusedIdentifiers) {
      counters.droppedByReason[reason] = (counters.droppedByReason[reason] ?? 0) + count;
    }
    const seq = this.#router.shards.map((shard: Shard) => shard.appliedSeq);
    // The scanner's refusals come before the router's.
    if (outcome.rejected.length > 1) outcome.rejected.sort((a, b) => a.index - b.index);
    try {
      if (waits.length === 1) await waits[0];
      else if (waits.length > 1) await Promise.all(waits);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    return { accepted: outcome.accepted, duplicates: outcome.duplicates, rejected: outcome.rejected, seq };
  }
}

interface Slice {
  /** Index of its first item in the batch. */
  readonly index: number;
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

/** Walks the whole batch, so that malformed bytes are found before anything is applied. */
function sliceItems(bytes: Uint8Array, frame: IngestFrame): Slice[] {
  const { itemsStart, itemCount } = frame;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slices: Slice[] = [];
  let at = itemsStart;
  for (let index = 0; index < itemCount; index += SLICE_COUNT) {
    const start = at;
    const count = Math.min(SLICE_COUNT, itemCount - index);
    for (let i = 0; i < count; i++) at = skipValue(bytes, view, at, bytes.length);
    slices.push({ index, count, start, end: at });
  }
  checkItemsEnd(at, frame);
  return slices;
}

/** Bytes behind the last item belong to nothing: taking the frame would drop them silently. */
function checkItemsEnd(at: number, frame: IngestFrame): void {
  if (at === frame.itemsEnd) return;
  throw new EngineError('malformed_msgpack', 'bytes are left behind the frame', { details: { byte: at } });
}

function countRejected(counters: IngestCounters, rejected: readonly RejectedItem[]): void {
  for (const { code } of rejected) counters.rejectedByCode[code] = (counters.rejectedByCode[code] ?? 0) + 1;
}

function newOutcome(): BatchOutcome {
  return { accepted: 0, duplicates: 0, refusedIdentifiers: new Map(), rejected: [] };
}
