/**
 * A shard's side of ingest in a cluster. Items whose people live here, and they are nearly all, are applied as in one process. An item of somebody who
 * lives elsewhere is passed on; one that brings together what several shards have becomes a step: what it needs is claimed,
 * then decided and applied here in one turn, and what others have to do is handed over to them with this shard's record.
 *
 * Invariants: items of a batch are applied in their order, but for those that are passed on. The tape is used within one turn only.
 */

import { assert } from '../base/assert.ts';
import type { CancelSignal } from '../base/cancel-source.ts';
import type { IngestCounters } from '../engine/ingest-pipeline.ts';
import type { IngestStandardiser } from '../engine/ingest-standardiser.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import type { ItemScanner } from '../ingest/item-scanner.ts';
import { messageIdOf, messageIdPart } from '../ingest/message-id.ts';
import { skipValue } from '../ingest/msgpack.ts';
import { EngineError, ERROR_STATUS } from '../model/error.ts';
import type { RejectedItem } from '../model/ingest.ts';
import type { OutOfReach } from '../router/reach.ts';
import type { BatchOutcome, Router } from '../router/router.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { HandOver } from '../shard/identity-command.ts';
import type { Shard } from '../shard/shard.ts';
import type { Peers } from './peers.ts';
import type { WireMessage } from './step/claim.ts';
import { Claims, type ClaimsParts } from './step/claims.ts';
import type { Fence } from './step/fence.ts';
import type { MirroredDirectory } from './step/mirrored-directory.ts';
import type { Outbox } from './step/outbox.ts';
import type { WireBatch, WireOutcome } from './wire-batch.ts';

const SLICE_COUNT = 256;
/** Passed on more often, an item stays where it is: its people are moving about. */
const HOPS_MAX = 3;
/** Rounds of claims for one step: each finds out something that the one before made it ask for. */
const ROUNDS_MAX = 8;
/** Attempts at a step before its first item is refused for now; with the pauses between some ten seconds. */
const ATTEMPTS_MAX = 60;
const PAUSE_MAX_MS = 256;
const RELAY_TIMEOUT_MS = 30_000;

export interface ShardIngestParts extends ClaimsParts {
  readonly own: Shard;
  readonly router: Router;
  readonly directory: MirroredDirectory;
  readonly scanner: ItemScanner;
  readonly standardiser: IngestStandardiser;
  readonly counters: IngestCounters;
  readonly peers: Peers;
  readonly outbox: Outbox;
  readonly fence: Fence;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Names a step. */
  readonly nextHolder: () => string;
  readonly pressure: () => EngineError | undefined;
  /** Whether steps may be begun: not when the process ends, nor on a shard that has no slots. */
  readonly mayBegin: () => boolean;
  /** The shard's memory is ahead of its log: only a restart helps. */
  readonly onFatal: (error: unknown) => void;
}

/** An item that the scanner refused. */
interface Fault {
  readonly place: number;
  readonly rejected: RejectedItem;
}

/** What became of items, here and where they were passed on to. */
interface RunOutcome extends BatchOutcome {
  /** Indexes of items that another shard had in hand when it died. */
  readonly lost: number[];
  readonly relayed: { accepted: number; duplicates: number; readonly rejected: RejectedItem[] };
}

/** A batch on its way. */
interface Run {
  readonly batch: WireBatch;
  /** Where each item begins, and where the last one ends. */
  readonly starts: Uint32Array;
  readonly outcome: RunOutcome;
  /** Whoever answers for the batch waits for these. */
  readonly waits: Promise<unknown>[];
  /** Places of items that are another shard's. */
  readonly relays: Map<number, number[]>;
  readonly seqs: Map<number, number>;
  /** Aborted when nobody waits for an answer any more. */
  readonly signal: CancelSignal;
}

/** What items need for a step. */
interface Look {
  readonly lacks: readonly OutOfReach[];
  readonly messages: readonly WireMessage[];
  /** Place of the first that is not looked at. */
  readonly end: number;
}

export class ShardIngest {
  readonly #parts: ShardIngestParts;
  #turns: Promise<void> = Promise.resolve();
  /** Of the items on the tape: their places in the batch. */
  readonly #places: number[] = [];

  constructor(parts: ShardIngestParts) {
    this.#parts = parts;
  }

  /** Errors: those of a batch as a whole (memory_limit, storage_failed, shutting_down). */
  async ingest(batch: WireBatch, signal: CancelSignal): Promise<WireOutcome> {
    const pressure = this.#parts.pressure();
    if (pressure !== undefined) throw pressure;
    const run: Run = {
      batch,
      starts: startsOf(batch),
      outcome: {
        accepted: 0,
        duplicates: 0,
        refusedIdentifiers: new Map(),
        rejected: [],
        lost: [],
        relayed: { accepted: 0, duplicates: 0, rejected: [] },
      },
      waits: [],
      relays: new Map(),
      seqs: new Map(),
      signal,
    };
    this.#parts.counters.queuedItems += batch.count;
    let left = batch.count;
    try {
      for (let from = 0; from < batch.count; from += SLICE_COUNT) {
        if (from > 0) await this.#nextTurn();
        const to = Math.min(batch.count, from + SLICE_COUNT);
        const more = this.#applyHere(run, from, to);
        if (more < to) await this.#applyTogether(run, more, to);
        left -= to - from;
        this.#parts.counters.queuedItems -= to - from;
      }
    } finally {
      this.#parts.counters.queuedItems -= left;
    }
    for (const [shard, places] of run.relays) run.waits.push(this.#relay(run, shard, places));
    await Promise.all(run.waits);
    return this.#told(run);
  }

  #told({ outcome, seqs }: Run): WireOutcome {
    const { counters } = this.#parts;
    counters.accepted += outcome.accepted;
    counters.duplicates += outcome.duplicates;
    for (const { code } of outcome.rejected) counters.rejectedByCode[code] = (counters.rejectedByCode[code] ?? 0) + 1;
    for (const [reason, count] of outcome.refusedIdentifiers) {
      counters.droppedByReason[reason] = (counters.droppedByReason[reason] ?? 0) + count;
    }
    const { accepted, duplicates, rejected, relayed, lost } = outcome;
    return {
      accepted: accepted + relayed.accepted,
      duplicates: duplicates + relayed.duplicates,
      rejected: [...rejected, ...relayed.rejected],
      seqs: [...seqs],
      ...(lost.length === 0 ? {} : { lost }),
    };
  }

  /** A turn of its own for each who asks, in the order of asking. */
  #nextTurn(): Promise<void> {
    this.#turns = this.#turns.then(() => this.#parts.clock.yieldTurn());
    return this.#turns;
  }

  /** Applies items from `from` on, up to the first that needs others; gives its place, or `to`. */
  #applyHere(run: Run, from: number, to: number): number {
    return this.#inOneTurn(() => {
      const faults = this.#scan(run.batch, run.starts, from, to);
      const end = this.#applyScanned(run, to);
      this.#noteFaults(run, faults, end);
      this.#commit(run);
      return end;
    });
  }

  /** What fails here leaves the memory ahead of the log. */
  #inOneTurn<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      // Bytes that are no items were found before anything was applied.
      if (!(error instanceof EngineError) || error.status >= 500) this.#parts.onFatal(error);
      throw error;
    }
  }

  /** Applies what is on the tape, up to the first that needs others; gives its place, or `to`. */
  #applyScanned(run: Run, to: number): number {
    const { router, scanner } = this.#parts;
    const { tape } = scanner;
    for (let item = 0; item < tape.itemCount; item++) {
      const lack = router.apply(tape, item, run.batch, run.outcome);
      if (lack !== undefined && !this.#isRelayed(run, this.#places[item], lack)) return this.#places[item];
    }
    return to;
  }

  #commit(run: Run): void {
    const { router, scanner, own } = this.#parts;
    const touched = router.commit(scanner.tape, run.batch);
    if (touched.length === 0) return;
    run.seqs.set(own.index, own.appliedSeq);
    const durable = own.storage.log.durable(own.appliedSeq);
    // The memory is ahead of a disk that failed, whoever waits for it.
    durable.catch(this.#parts.onFatal);
    if (run.batch.ack === 'durable') run.waits.push(durable);
  }

  /** Notes an item that is another shard's. */
  #isRelayed({ batch, relays }: Run, place: number, { relayTo }: OutOfReach): boolean {
    if (relayTo === undefined || batch.hops >= HOPS_MAX) return false;
    const places = relays.get(relayTo);
    if (places === undefined) relays.set(relayTo, [place]);
    else places.push(place);
    return true;
  }

  /** Puts items from `from` to `to` on the tape; gives those that the scanner refused. */
  #scan(batch: WireBatch, starts: Uint32Array, from: number, to: number): Fault[] {
    const { scanner, standardiser } = this.#parts;
    const { tape } = scanner;
    const faults: Fault[] = [];
    this.#places.length = 0;
    tape.reset();
    tape.append(batch.items.subarray(starts[from], starts[to]));
    const end = tape.length;
    for (let place = from, at = 0; place < to; place++) {
      const index = batch.indexes[place];
      at = scanner.scan(at, end, index, batch.defaultKind);
      if (!standardiser.isIdle && scanner.errorCode === undefined) standardiser.apply(index, batch.defaultKind);
      if (scanner.errorCode === undefined) this.#places.push(place);
      else {
        const messageId = idAt(batch, starts, place);
        faults.push({
          place,
          rejected: { index, ...messageId, code: scanner.errorCode, message: scanner.errorMessage },
        });
      }
    }
    return faults;
  }

  #noteFaults({ outcome }: Run, faults: readonly Fault[], end: number): void {
    for (const { place, rejected } of faults) if (place < end) outcome.rejected.push(rejected);
  }

  /** Items from `from` on, the first of which needs others. */
  async #applyTogether(run: Run, from: number, to: number): Promise<void> {
    let attempt = 0;
    for (let at = from; at < to; ) {
      // Each of them might be tried for ten seconds, for nobody.
      if (!this.#parts.mayBegin() || run.signal.aborted) {
        this.#giveUp(run, at, to);
        return;
      }
      const next = await this.#step(run, at, to).catch((error: unknown) => this.#refusal(run, at, error));
      if (next > at) {
        attempt = 0;
        at = next;
        continue;
      }
      attempt += 1;
      if (attempt < ATTEMPTS_MAX) {
        await this.#pause(attempt);
        continue;
      }
      const message = 'others have had this profile in hand all the time; send again';
      run.outcome.rejected.push({ ...itemAt(run, at), code: 'overloaded', message, retryable: true });
      at += 1;
      attempt = 0;
    }
  }

  #giveUp({ batch, outcome }: Run, from: number, to: number): void {
    const message = 'the shard stops or has no slots, or nobody waited any more; send again';
    for (let at = from; at < to; at++) {
      outcome.rejected.push({ index: batch.indexes[at], code: 'shard_unavailable', message, retryable: true });
    }
  }

  /** The first item cannot be applied now. Throws what is nobody's fault but ours. */
  #refusal(run: Run, at: number, error: unknown): number {
    if (!(error instanceof EngineError) || ERROR_STATUS[error.code] < 500 || error.code === 'internal') throw error;
    const code = error.code === 'deadline_exceeded' ? 'shard_unavailable' : error.code;
    if (error.details?.['isUnknownOutcome'] === true) run.outcome.lost.push(run.batch.indexes[at]);
    run.outcome.rejected.push({ ...itemAt(run, at), code, message: error.message, retryable: true });
    return at + 1;
  }

  /** One step: claims what the items lack, applies those that it can. Gives the place of the first that is left; `from` when others were in the way. */
  async #step(run: Run, from: number, to: number): Promise<number> {
    const { own, nextHolder } = this.#parts;
    await this.#parts.fence.whenOpen();
    const claims = new Claims(nextHolder(), run.batch.receivedAtMs, this.#parts);
    let isOver = false;
    try {
      const until = await this.#claim(run, from, to, claims);
      if (until === from || !claims.isStanding || this.#parts.fence.isUp) return from;
      const { end, handOver } = this.#inOneTurn(() => this.#applyClaimed(run, from, until, claims));
      if (handOver !== undefined) {
        isOver = true;
        const shards = new Set(handOver.parts.map(({ shard }) => shard));
        claims.releaseElsewhere(shards);
        const sent = this.#parts.outbox.send(handOver, own.appliedSeq);
        const over = sent.finally(() => claims.release());
        over.catch(this.#parts.onFatal);
        run.waits.push(over);
      }
      return end;
    } finally {
      if (!isOver) claims.release();
    }
  }

  #applyClaimed(
    run: Run,
    from: number,
    to: number,
    { facts }: Claims,
  ): { readonly end: number; readonly handOver: HandOver | undefined } {
    const { directory, router } = this.#parts;
    directory.begin(facts);
    try {
      const faults = this.#scan(run.batch, run.starts, from, to);
      const end = this.#applyScanned(run, to);
      this.#noteFaults(run, faults, end);
      directory.shorten();
      this.#commit(run);
      return { end, handOver: router.takeHandOver() };
    } finally {
      directory.end();
    }
  }

  /** Claims until the first item, and as many behind it as can be told now, lack nothing. Gives the place of the first that is left out; `from`: others were in the way. */
  async #claim(run: Run, from: number, to: number, claims: Claims): Promise<number> {
    let until = to;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const look = this.#inOneTurn(() => this.#look(run, from, until, claims));
      until = look.end;
      if (until === from || look.lacks.length === 0) return until;
      if (round === 0) claims.useMessages(look.messages);
      if (!(await claims.take(look.lacks))) return from;
    }
    return from;
  }

  /** What the items lack, up to the first that is in others' hands. */
  #look(run: Run, from: number, to: number, { facts }: Claims): Look {
    const { directory, router, scanner } = this.#parts;
    const { tape } = scanner;
    const lacks: OutOfReach[] = [];
    const messages: WireMessage[] = [];
    directory.begin(facts);
    try {
      this.#scan(run.batch, run.starts, from, to);
      for (let item = 0; item < tape.itemCount; item++) {
        const lack = router.outOfReach(tape, item, run.batch);
        const isRelayed = lack?.relayTo !== undefined && run.batch.hops < HOPS_MAX;
        if (lack?.isHeld === true && !isRelayed) return { lacks, messages, end: this.#places[item] };
        const base = item * tapeOf.ITEM_STRIDE;
        if (tape.items[base + tapeOf.ITEM_MESSAGE_ID + 1] >= 0) {
          messages.push([tape.items[base + tapeOf.ITEM_MESSAGE_ID + 2], tape.items[base + tapeOf.ITEM_MESSAGE_HASH]]);
        }
        if (lack !== undefined && !isRelayed) lacks.push(lack);
      }
    } finally {
      directory.end();
    }
    return { lacks, messages, end: to };
  }

  /** Until somebody has let go of something here, or for a while that grows. */
  async #pause(attempt: number): Promise<void> {
    const { clock, random, locks } = this.#parts;
    const longest = Math.min(PAUSE_MAX_MS, 2 ** Math.min(attempt, 16));
    const delayMs = 1 + (random.nextUint32() % longest);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      if (locks.isEmpty) return;
      void locks.whenReleased().then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Passes items on to the shard where their people live. */
  async #relay(run: Run, shard: number, places: readonly number[]): Promise<void> {
    const { batch, starts, outcome, seqs } = run;
    const part = partOf(batch, starts, places);
    try {
      const told = await this.#parts.peers.call<WireOutcome>(shard, 'ingest', part, { timeoutMs: RELAY_TIMEOUT_MS });
      outcome.relayed.accepted += told.accepted;
      outcome.relayed.duplicates += told.duplicates;
      outcome.relayed.rejected.push(...told.rejected);
      outcome.lost.push(...(told.lost ?? []));
      for (const [index, seq] of told.seqs) seqs.set(index, Math.max(seq, seqs.get(index) ?? 0));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const code = error.code === 'deadline_exceeded' ? 'shard_unavailable' : error.code;
      const isLost = error.details?.['isUnknownOutcome'] === true;
      for (const place of places) {
        if (isLost) outcome.lost.push(batch.indexes[place]);
        outcome.relayed.rejected.push({ ...itemAt(run, place), code, message: error.message, retryable: true });
      }
    }
  }
}

/** Which item of the sender's batch this is. */
function itemAt({ batch, starts }: Run, place: number): { readonly index: number; readonly messageId?: string } {
  return { index: batch.indexes[place], ...idAt(batch, starts, place) };
}

function idAt({ items }: WireBatch, starts: Uint32Array, place: number): { readonly messageId?: string } {
  return messageIdPart(messageIdOf(items, starts[place], starts[place + 1]));
}

/** Items at the places, to be passed on. */
export function partOf(batch: WireBatch, starts: Uint32Array, places: readonly number[]): WireBatch {
  const sizeBytes = places.reduce((sum, place) => sum + starts[place + 1] - starts[place], 0);
  const items = new Uint8Array(sizeBytes);
  let at = 0;
  for (const place of places) {
    const bytes = batch.items.subarray(starts[place], starts[place + 1]);
    items.set(bytes, at);
    at += bytes.length;
  }
  const indexes = Uint32Array.from(places, (place) => batch.indexes[place]);
  return { ...batch, hops: batch.hops + 1, count: places.length, items, indexes };
}

/** Where each item begins, and where the last ends. */
function startsOf({ items, count }: WireBatch): Uint32Array {
  const view = new DataView(items.buffer, items.byteOffset, items.byteLength);
  const starts = new Uint32Array(count + 1);
  let at = 0;
  for (let i = 0; i < count; i++) {
    starts[i] = at;
    at = skipValue(items, view, at, items.length);
  }
  starts[count] = at;
  assert(at === items.length, 'a batch that ends with its last item');
  return starts;
}
