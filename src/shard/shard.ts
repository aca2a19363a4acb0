/**
 * One shard: a deterministic state machine over log records, its memory and its storage.
 *
 * Life: `Shard.open` takes the newest whole checkpoint, replays the log behind it, and is live. Live items are applied and
 * collected by `applyItem`; `commit` appends them as one record. A record is applied before it is durable: who needs
 * durability waits for `log.durable(seq)`.
 *
 * Invariants: applied items and the record agree bit for bit; nothing here reads a clock; after a storage failure the shard
 * refuses everything (its memory may be ahead of its log), and a restart recovers what was durable.
 */
import { assert } from '../base/assert.ts';
import { xxh32 } from '../base/hash.ts';
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { assignMessageId, eventTimeMs, keyMessage } from '../ingest/item-envelope.ts';
import type { ItemScanner } from '../ingest/item-scanner.ts';
import type { NameInterner } from '../ingest/name-interner.ts';
import { decodeUtf8 } from '../memory/byte-heap.ts';
import { SlabMemory } from '../memory/slab-memory.ts';
import { EngineError } from '../model/error.ts';
import type { Identifier } from '../model/profile.ts';
import { NONE } from '../profile/event-table.ts';
import { TYPE_ANONYMOUS_ID, TYPE_USER_ID } from '../profile/identifier-store.ts';
import { ProfileRenderer } from '../profile/profile-renderer.ts';
import { ShardData, type ShardDataOptions } from '../profile/shard-data.ts';
import { writeUtf8 } from '../runtime/utf8.ts';
import type { ShardStorage } from '../storage/contract.ts';
import { type CheckpointResult, decodeCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { encodeIdentityCommand, type IdentityCommand, type Step } from './identity-command.ts';
import { executeIdentity, joinVisitor } from './identity-execution.ts';
import {
  type BatchHeader,
  decodeRecord,
  type EventsRecord,
  RecordBuilder,
  ROUTE_ATTACH_ANONYMOUS,
  ROUTE_ATTACH_EXTRA,
  ROUTE_CLAIM_ANONYMOUS,
  ROUTE_IGNORE_USER,
  ROUTE_JOIN_VISITOR,
  ROUTE_PRIMARY_EXTRA,
  ROUTE_VISITOR_STAYS,
} from './record.ts';

const SCRATCH_SIZE_BYTES = 2_048;
const scratch = Buffer.alloc(SCRATCH_SIZE_BYTES);

export interface ShardOptions extends ShardDataOptions {
  readonly names: NameInterner;
  readonly hashSeed: number;
  /** For profiles that arrive; it has a tape of its own and knows no limits. */
  readonly parcelScanner: ItemScanner;
}

export class Shard {
  readonly index: number;
  readonly memory: SlabMemory;
  readonly data: ShardData;
  readonly renderer: ProfileRenderer;
  readonly storage: ShardStorage;
  readonly hashSeed: number;
  readonly #builder = new RecordBuilder();
  readonly #parcelScanner: ItemScanner;
  readonly #replayScanner: ItemScanner;
  appliedSeq: number;
  checkpointSeq: number;

  private constructor(
    index: number,
    data: ShardData,
    storage: ShardStorage,
    { hashSeed, parcelScanner }: ShardOptions,
    replayScanner: ItemScanner,
    seq: number,
  ) {
    this.index = index;
    this.memory = data.memory;
    this.data = data;
    this.renderer = new ProfileRenderer(data);
    this.storage = storage;
    this.hashSeed = hashSeed;
    this.#parcelScanner = parcelScanner;
    this.#replayScanner = replayScanner;
    this.appliedSeq = seq;
    this.checkpointSeq = seq;
  }

  /** Recovers from the storage: checkpoint, then log. `scanner` is used for records: now, and for those that other shards give it later. */
  static open(index: number, storage: ShardStorage, options: ShardOptions, scanner: ItemScanner): Shard {
    const memory = new SlabMemory();
    const saved = decodeCheckpoint(memory, storage.checkpoints.latest());
    if (saved !== undefined && storage.log.lastSeq < saved.seq) {
      throw new EngineError(
        'storage_failed',
        `shard ${index}: the log ends at ${storage.log.lastSeq}, before its checkpoint at ${saved.seq}`,
      );
    }
    const data =
      saved === undefined
        ? new ShardData(memory, options.names, options)
        : new ShardData(memory, options.names, options, saved.context, saved.state);
    // What was loaded is clean; what is written from here on is not.
    memory.release(memory.snapshot());
    const shard = new Shard(index, data, storage, options, scanner, saved?.seq ?? 0);
    for (const { seq, record } of storage.log.read(shard.appliedSeq)) {
      shard.#replay(record);
      shard.appliedSeq = seq;
    }
    data.traits.foldNow();
    return shard;
  }

  /** Carries out a record that another shard made for this one, and appends it. Gives its seq. */
  applyRecord(record: Uint8Array): number {
    assert(this.#builder.isEmpty, 'a record in the midst of a batch');
    this.#replay(record);
    this.data.traits.foldNow();
    this.appliedSeq = this.storage.log.append(record);
    return this.appliedSeq;
  }

  #replay(bytes: Uint8Array): void {
    const scanner = this.#replayScanner;
    const record = decodeRecord(bytes);
    if (record.kind === 'identity') {
      this.#execute(record.command);
      return;
    }
    const tape = scanner.tape;
    tape.reset();
    tape.append(bytes);
    const end = record.itemsEnd;
    let at = record.itemsStart;
    for (let ordinal = 0; ordinal <= record.count; ordinal++) {
      for (const command of record.commands.get(ordinal) ?? []) this.#execute(command);
      if (ordinal === record.count) break;
      at = scanner.scan(at, end, record.indexOf(ordinal), record.header.defaultKind);
      assert(scanner.errorCode === undefined, () => `a logged event was refused on replay: ${scanner.errorMessage}`);
      this.#replayItem(tape, record, ordinal);
      tape.itemCount = 0;
      tape.leafCount = 0;
    }
  }

  #replayItem(tape: EventTape, record: EventsRecord, ordinal: number): void {
    const { header } = record;
    const route = record.routes[ordinal];
    const extra = record.extra.get(ordinal);
    const identifiers = extra?.map(([type, value]) => ({ type, value }));
    const sentAtMs = Number.isNaN(header.sentAtMs) ? tape.sentAts[0] : header.sentAtMs;
    const timeMs = eventTimeMs(tape.times[0], tape.originalTimes[0], header.receivedAtMs, sentAtMs, header.isImport);
    this.#keyReplayed(tape, route, identifiers);
    this.isDuplicate(tape, 0, header.receivedAtMs);
    this.#apply(tape, 0, -1, 0, route, timeMs, identifiers, header, record.indexOf(ordinal));
  }

  /** As the router did when the item came. */
  #keyReplayed(tape: EventTape, route: number, extra: readonly Identifier[] | undefined): void {
    if (route & ROUTE_PRIMARY_EXTRA) return keyMessage(tape, 0, extra![0], this.hashSeed);
    if ((route & ROUTE_IGNORE_USER) === 0) return;
    const { items, bytes } = tape;
    const value = decodeUtf8(bytes, items[tapeOf.ITEM_ANONYMOUS], items[tapeOf.ITEM_ANONYMOUS + 1]);
    keyMessage(tape, 0, { type: 'anonymous_id', value }, this.hashSeed);
  }

  /** Remembers the item's message id; true when it was seen before. Items without one are never duplicates. */
  isDuplicate(tape: EventTape, item: number, receivedAtMs: number): boolean {
    const base = item * tapeOf.ITEM_STRIDE;
    if (tape.items[base + tapeOf.ITEM_MESSAGE_ID + 1] < 0) return false;
    const hash = tape.items[base + tapeOf.ITEM_MESSAGE_ID + 2];
    return this.data.dedup.isDuplicate(hash, tape.items[base + tapeOf.ITEM_MESSAGE_HASH], receivedAtMs);
  }

  /**
   * Applies a routed item and notes it for the record. `row` −1 = unknown here: found by its identifiers, or new. `primary` = code of the
   * identifier it comes under, 0 = unknown here. `extra` = identifiers of the route's EXTRA bits. Gives the profile's row.
   */
  applyItem(
    tape: EventTape,
    item: number,
    row: number,
    primary: number,
    route: number,
    timeMs: number,
    extra: readonly Identifier[] | undefined,
    header: BatchHeader,
  ): number {
    const base = item * tapeOf.ITEM_STRIDE;
    const { items } = tape;
    const hasMessageId = items[base + tapeOf.ITEM_MESSAGE_ID + 1] >= 0;
    const index = items[base + tapeOf.ITEM_INDEX];
    if (extra !== undefined) this.#builder.addExtra(extra);
    this.#builder.add(
      tape.bytes,
      items[base + tapeOf.ITEM_START],
      items[base + tapeOf.ITEM_END],
      route,
      index,
      hasMessageId,
    );
    return this.#apply(tape, item, row, primary, route, timeMs, extra, header, index);
  }

  #apply(
    tape: EventTape,
    item: number,
    knownRow: number,
    knownPrimary: number,
    route: number,
    timeMs: number,
    extra: readonly Identifier[] | undefined,
    header: BatchHeader,
    index: number,
  ): number {
    const base = item * tapeOf.ITEM_STRIDE;
    // First, because the journal tells of the message as it was sent.
    const joined =
      route & ROUTE_JOIN_VISITOR
        ? joinVisitor(this.data, tape, base, (route & ROUTE_VISITOR_STAYS) !== 0, header.receivedAtMs)
        : 0;
    if (tape.items[base + tapeOf.ITEM_MESSAGE_ID + 1] < 0) {
      assignMessageId(tape, item, header.idSeedHigh, header.idSeedLow, index);
    }
    const { identifiers } = this.data;
    let row = knownRow;
    let primary = knownPrimary;
    if (joined !== 0) {
      primary = joined;
      row = identifiers.rowOf(primary);
    } else if (row < 0 || primary === 0) {
      primary = this.#primary(tape, base, route, timeMs, extra, header.receivedAtMs);
      row = identifiers.rowOf(primary);
    }
    if (route & ROUTE_ATTACH_ANONYMOUS) {
      this.#attachField(tape, row, TYPE_ANONYMOUS_ID, base + tapeOf.ITEM_ANONYMOUS, primary, header.receivedAtMs);
    }
    if (route & ROUTE_ATTACH_EXTRA) {
      for (let i = route & ROUTE_PRIMARY_EXTRA ? 1 : 0; i < extra!.length; i++) {
        this.#attachIdentifier(row, extra![i], primary, header.receivedAtMs);
      }
    }
    this.data.apply(tape, item, row, timeMs, identifiers.ordinalOf(primary));
    return row;
  }

  /** Code of the identifier that the item comes under; gives it its profile when nobody has it. */
  #primary(
    tape: EventTape,
    base: number,
    route: number,
    timeMs: number,
    extra: readonly Identifier[] | undefined,
    receivedAtMs: number,
  ): number {
    const { data } = this;
    if (route & ROUTE_PRIMARY_EXTRA) {
      const code = data.codeOf(extra![0]);
      if (code !== 0 && data.identifiers.rowOf(code) !== NONE) return code;
      return this.#attachIdentifier(data.addRow(timeMs), extra![0], 0, receivedAtMs);
    }
    const { items, bytes } = tape;
    const isUser = items[base + tapeOf.ITEM_USER + 1] >= 0 && (route & ROUTE_IGNORE_USER) === 0;
    const field = base + (isUser ? tapeOf.ITEM_USER : tapeOf.ITEM_ANONYMOUS);
    const typeId = isUser ? TYPE_USER_ID : TYPE_ANONYMOUS_ID;
    const code = data.identifiers.find(typeId, bytes, items[field], items[field + 1], items[field + 2]);
    if (code !== 0 && data.identifiers.rowOf(code) !== NONE) return code;
    if ((route & ROUTE_CLAIM_ANONYMOUS) === 0) {
      return this.#attachField(tape, data.addRow(timeMs), typeId, field, 0, receivedAtMs);
    }
    const other = base + tapeOf.ITEM_ANONYMOUS;
    const visitor = data.identifiers.find(TYPE_ANONYMOUS_ID, bytes, items[other], items[other + 1], items[other + 2]);
    return this.#attachField(tape, data.identifiers.rowOf(visitor), typeId, field, visitor, receivedAtMs);
  }

  #attachField(
    tape: EventTape,
    row: number,
    typeId: number,
    field: number,
    parent: number,
    receivedAtMs: number,
  ): number {
    const { items, bytes } = tape;
    const { data } = this;
    return data.attach(row, typeId, bytes, items[field], items[field + 1], items[field + 2], parent, receivedAtMs);
  }

  #attachIdentifier(row: number, { type, value }: Identifier, parent: number, receivedAtMs: number): number {
    const bytes = Buffer.from(value, 'utf8');
    const hash = xxh32(bytes, 0, bytes.length, this.hashSeed);
    const typeId = this.data.identifiers.addType(type);
    return this.data.attach(row, typeId, bytes, 0, bytes.length, hash, parent, receivedAtMs);
  }

  /** Items or commands wait for a record. */
  get isWaiting(): boolean {
    return !this.#builder.isEmpty;
  }

  /** More items and commands than so many wait for a record. */
  hasMoreThan(count: number): boolean {
    return this.#builder.partCount > count;
  }

  /** Appends what `applyItem` and `commandInBatch` collected as one record; gives its seq, or 0 when there was nothing. */
  commit(source: Uint8Array, header: BatchHeader, step?: Step): number {
    if (step !== undefined) {
      this.#builder.addStep(step);
      this.data.lastStep = step.step;
    }
    if (this.#builder.isEmpty) return 0;
    const seq = this.storage.log.append(this.#builder.finish(source, header));
    this.#builder.reset();
    this.appliedSeq = seq;
    return seq;
  }

  /** Carries out an identity command in the midst of a batch; it is noted for the batch's record, in its place among the items. */
  commandInBatch(command: IdentityCommand): void {
    this.#execute(command);
    this.#builder.addCommand(command);
  }

  /** Carries out an identity command by itself, and appends it. Gives the seq. */
  command(command: IdentityCommand): number {
    assert(this.#builder.isEmpty, 'a command in the midst of a batch');
    this.#execute(command);
    const seq = this.storage.log.append(encodeIdentityCommand(command));
    this.appliedSeq = seq;
    return seq;
  }

  #execute(command: IdentityCommand): void {
    executeIdentity(this.data, command, this.#parcelScanner);
  }

  /** Notes that `identifier`, whose slot is here, belongs to the profile with the key `target`, which lives elsewhere. */
  bind(identifier: Identifier, target: Identifier): void {
    const command: IdentityCommand = { kind: 'bind', identifier, target };
    // Behind what waits for a record: the identifier may have lived here until then.
    if (this.#builder.isEmpty) this.command(command);
    else this.commandInBatch(command);
  }

  /** Row of the profile that has the identifier here; −1 = nobody has it, as far as is known here; the forward's target where it lives elsewhere. */
  rowOf({ type, value }: Identifier): number | Identifier {
    // The lookup path: no buffer is made for an identifier of usual length.
    const isShort = value.length * 3 <= SCRATCH_SIZE_BYTES;
    const bytes = isShort ? scratch : Buffer.from(value, 'utf8');
    const length = isShort ? writeUtf8(value, scratch, 0) : bytes.length;
    return this.rowOfBytes(type, bytes, 0, length);
  }

  /** The same, where the value is UTF-8 bytes; the type is user_id when absent. */
  rowOfBytes(type: string | undefined, bytes: Uint8Array, offset: number, length: number): number | Identifier {
    const { identifiers } = this.data;
    const typeId = type === undefined ? TYPE_USER_ID : identifiers.typeId(type);
    if (typeId < 0) return -1;
    const code = identifiers.find(typeId, bytes, offset, length, xxh32(bytes, offset, length, this.hashSeed));
    if (code === 0) return -1;
    const row = identifiers.rowOf(code);
    return row === NONE ? (identifiers.forwardOf(code) ?? -1) : row;
  }

  /**
   * Saves the state as it is now, while the shard goes on. The log is cut behind it. `othersDurable`, called in the turn of the snapshot, resolves
   * when all that other shards had appended by then is durable: a profile that left is in their logs only.
   */
  async checkpoint(
    yieldTurn: () => Promise<void>,
    othersDurable: () => Promise<void> = () => Promise.resolve(),
  ): Promise<CheckpointResult> {
    const { data, appliedSeq, hashSeed, storage } = this;
    const result = await writeCheckpoint(data, appliedSeq, hashSeed, storage, yieldTurn, othersDurable);
    this.checkpointSeq = result.seq;
    await this.storage.log.truncate(result.seq);
    return result;
  }
}
