/**
 * Records of the event log: what a shard was told, in the bytes that the sender sent, so that a replay scans exactly what
 * the first run scanned. Little endian.
 *
 * Events: `[5][flags u8][defaultKind u8][receivedAtMs f64][sentAtMs f64][idSeed 8 bytes][count u32][itemsSize u32]`
 *         `[items: msgpack maps, one after another][routes u8 × count][indexes u32 × count, when flag HAS_INDEXES][extra msgpack, to the end]`
 *
 * Identity: `[3][msgpack]`, see `identity-command.ts`.
 *
 * Kind 4, of before there were joins in routes, is read as well.
 *
 * A route says which identifiers the router decided on, so that a replay needs neither another shard nor the rules: see the ROUTE_ bits.
 * `extra` is a list of `[ordinal, [[type, value], …]]`: identifiers, in normal form, that the item comes under or attaches; and of `[ordinal, command]`:
 * identity commands that were carried out before that item (behind the last: after it).
 */
import { pack, unpack } from 'msgpackr';
import { EngineError } from '../model/error.ts';
import type { Identifier } from '../model/profile.ts';
import {
  decodeIdentityCommand,
  type HandOver,
  type IdentityCommand,
  RECORD_IDENTITY,
  type Step,
} from './identity-command.ts';

export const RECORD_EVENTS = 5;
/** The same, from before there were ROUTE_JOIN bits. */
const RECORD_EVENTS_WITHOUT_JOINS = 4;

/** The item's userId has no profile yet; it becomes a name of the one that has the anonymousId. */
export const ROUTE_CLAIM_ANONYMOUS = 1;
/** The item attaches its anonymousId. */
export const ROUTE_ATTACH_ANONYMOUS = 2;
/** The item's userId identifies nobody. */
export const ROUTE_IGNORE_USER = 4;
/** The item attaches what `extra` lists for it. */
export const ROUTE_ATTACH_EXTRA = 8;
/** The item comes under the first identifier in `extra`, which it does not attach. */
export const ROUTE_PRIMARY_EXTRA = 16;
/** Before the item is applied, the profile of its anonymousId becomes part of that of its userId; both live here. */
export const ROUTE_JOIN_VISITOR = 32;
/** With ROUTE_JOIN_VISITOR: the visitor's profile is the one that stays where it is. */
export const ROUTE_VISITOR_STAYS = 64;

const FLAG_IMPORT = 1;
const FLAG_HAS_INDEXES = 2;
/** Among the commands is a `step`. */
const FLAG_HAS_STEP = 4;
/** Among the commands is a `hand_over`. */
const FLAG_HAS_HAND_OVER = 8;
const HEADER_SIZE_BYTES = 35;

/** What holds for all items of a batch. */
export interface BatchHeader {
  readonly receivedAtMs: number;
  /** Sender's clock at sending; NaN = unknown. */
  readonly sentAtMs: number;
  readonly isImport: boolean;
  /** Kind of items that do not say theirs. */
  readonly defaultKind: number;
  /** Random; message ids for items without one are made from it and the item's index. */
  readonly idSeedHigh: number;
  readonly idSeedLow: number;
}

export type Extra = [ordinal: number, identifiers: [type: string, value: string][] | IdentityCommand];

/** Collects the items of one batch for one shard, and gives the record. Reused from batch to batch. */
export class RecordBuilder {
  #body: Uint8Array = new Uint8Array(64 * 1024);
  #view = new DataView(this.#body.buffer);
  /** End of the items in the body. */
  #itemsEnd = HEADER_SIZE_BYTES;
  #routes = new Uint8Array(256);
  #indexes = new Uint32Array(256);
  #needsIndexes = false;
  #hasStep = false;
  #hasHandOver = false;
  #extra: Extra[] = [];
  // A run of items that lie side by side in the source is copied at once.
  #runStart = 0;
  #runEnd = 0;
  count = 0;

  reset(): void {
    this.count = 0;
    this.#itemsEnd = HEADER_SIZE_BYTES;
    this.#needsIndexes = false;
    this.#hasStep = false;
    this.#hasHandOver = false;
    this.#runStart = 0;
    this.#runEnd = 0;
    if (this.#extra.length > 0) this.#extra = [];
  }

  /** Adds the item at `[start, end)` of `source`. All items of a batch have the same source. */
  add(source: Uint8Array, start: number, end: number, route: number, index: number, hasMessageId: boolean): void {
    const ordinal = this.count;
    if (ordinal === this.#routes.length) this.#growItems();
    this.#routes[ordinal] = route;
    this.#indexes[ordinal] = index;
    if (!hasMessageId) this.#needsIndexes = true;
    if (start === this.#runEnd && this.#runEnd > this.#runStart) {
      this.#runEnd = end;
    } else {
      this.#flushRun(source);
      this.#runStart = start;
      this.#runEnd = end;
    }
    this.count = ordinal + 1;
  }

  addExtra(identifiers: readonly Identifier[]): void {
    this.#extra.push([this.count, identifiers.map(({ type, value }) => [type, value])]);
  }

  /** Behind the items added so far. */
  addCommand(command: IdentityCommand): void {
    if (command.kind === 'hand_over') this.#hasHandOver = true;
    this.#extra.push([this.count, command]);
  }

  /** Says that the record is this shard's part of a step over several shards. */
  addStep(step: Step): void {
    this.#extra.unshift([0, { kind: 'step', ...step }]);
    this.#hasStep = true;
  }

  get isEmpty(): boolean {
    return this.count === 0 && this.#extra.length === 0;
  }

  /** Items, commands and lists of identifiers. */
  get partCount(): number {
    return this.count + this.#extra.length;
  }

  #flushRun(source: Uint8Array): void {
    const size = this.#runEnd - this.#runStart;
    if (size === 0) return;
    this.#reserve(this.#itemsEnd + size);
    this.#body.set(source.subarray(this.#runStart, this.#runEnd), this.#itemsEnd);
    this.#itemsEnd += size;
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#body.length) return;
    const larger = new Uint8Array(Math.max(sizeBytes, this.#body.length * 2));
    larger.set(this.#body.subarray(0, this.#itemsEnd));
    this.#body = larger;
    this.#view = new DataView(larger.buffer);
  }

  #growItems(): void {
    const routes = new Uint8Array(this.#routes.length * 2);
    routes.set(this.#routes);
    this.#routes = routes;
    const indexes = new Uint32Array(this.#indexes.length * 2);
    indexes.set(this.#indexes);
    this.#indexes = indexes;
  }

  /** The record's bytes, valid until the next call on this builder. */
  finish(source: Uint8Array, header: BatchHeader): Uint8Array {
    this.#flushRun(source);
    const count = this.count;
    const extra = this.#extra.length === 0 ? undefined : pack(this.#extra);
    const size = this.#itemsEnd + count * (this.#needsIndexes ? 5 : 1) + (extra?.length ?? 0);
    this.#reserve(size);
    const body = this.#body;
    const view = this.#view;
    body[0] = RECORD_EVENTS;
    body[1] =
      (header.isImport ? FLAG_IMPORT : 0) |
      (this.#needsIndexes ? FLAG_HAS_INDEXES : 0) |
      (this.#hasStep ? FLAG_HAS_STEP : 0) |
      (this.#hasHandOver ? FLAG_HAS_HAND_OVER : 0);
    body[2] = header.defaultKind;
    view.setFloat64(3, header.receivedAtMs, true);
    view.setFloat64(11, header.sentAtMs, true);
    view.setUint32(19, header.idSeedHigh, true);
    view.setUint32(23, header.idSeedLow, true);
    view.setUint32(27, count, true);
    view.setUint32(31, this.#itemsEnd - HEADER_SIZE_BYTES, true);
    let at = this.#itemsEnd;
    body.set(this.#routes.subarray(0, count), at);
    at += count;
    if (this.#needsIndexes) {
      for (let i = 0; i < count; i++) view.setUint32(at + 4 * i, this.#indexes[i], true);
      at += 4 * count;
    }
    if (extra !== undefined) body.set(extra, at);
    return body.subarray(0, size);
  }
}

export interface EventsRecord {
  readonly kind: 'events';
  readonly header: BatchHeader;
  readonly count: number;
  readonly routes: Uint8Array;
  indexOf(ordinal: number): number;
  readonly extra: ReadonlyMap<number, readonly [type: string, value: string][]>;
  /** Carried out before the item of the ordinal. */
  readonly commands: ReadonlyMap<number, readonly IdentityCommand[]>;
  /** Where the items lie in the record. */
  readonly itemsStart: number;
  readonly itemsEnd: number;
}

export interface IdentityRecord {
  readonly kind: 'identity';
  readonly command: IdentityCommand;
}

function isOfEvents(record: Uint8Array): boolean {
  return record[0] === RECORD_EVENTS || record[0] === RECORD_EVENTS_WITHOUT_JOINS;
}

/** The step that the record is a part of. Costs a look at two bytes where there is none. */
export function stepOf(record: Uint8Array): Step | undefined {
  if (!isOfEvents(record) || (record[1] & FLAG_HAS_STEP) === 0) return undefined;
  const decoded = decodeRecord(record);
  if (decoded.kind !== 'events') return undefined;
  for (const command of decoded.commands.get(0) ?? []) if (command.kind === 'step') return command;
  return undefined;
}

/** What the record hands over to other shards. Costs a look at two bytes where there is nothing. */
export function handOverOf(record: Uint8Array): HandOver | undefined {
  if (!isOfEvents(record) || (record[1] & FLAG_HAS_HAND_OVER) === 0) return undefined;
  const decoded = decodeRecord(record);
  if (decoded.kind !== 'events') return undefined;
  for (const commands of decoded.commands.values()) {
    for (const command of commands) if (command.kind === 'hand_over') return command;
  }
  return undefined;
}

export function decodeRecord(record: Uint8Array): EventsRecord | IdentityRecord {
  if (record[0] === RECORD_IDENTITY) return { kind: 'identity', command: decodeIdentityCommand(record) };
  if (!isOfEvents(record)) {
    throw new EngineError(
      'storage_failed',
      `the log holds a record of kind ${record[0]}, which this version does not know`,
    );
  }
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const flags = record[1];
  const count = view.getUint32(27, true);
  const itemsEnd = HEADER_SIZE_BYTES + view.getUint32(31, true);
  let at = itemsEnd;
  const routes = record.subarray(at, at + count);
  at += count;
  const indexesAt = at;
  const hasIndexes = (flags & FLAG_HAS_INDEXES) !== 0;
  if (hasIndexes) at += 4 * count;
  const extra = new Map<number, readonly [string, string][]>();
  const commands = new Map<number, IdentityCommand[]>();
  if (at < record.length) {
    for (const [ordinal, one] of unpack(record.subarray(at)) as Extra[]) {
      if (Array.isArray(one)) {
        extra.set(ordinal, one);
        continue;
      }
      const list = commands.get(ordinal);
      if (list === undefined) commands.set(ordinal, [one]);
      else list.push(one);
    }
  }
  return {
    kind: 'events',
    header: {
      receivedAtMs: view.getFloat64(3, true),
      sentAtMs: view.getFloat64(11, true),
      isImport: (flags & FLAG_IMPORT) !== 0,
      defaultKind: record[2],
      idSeedHigh: view.getUint32(19, true),
      idSeedLow: view.getUint32(23, true),
    },
    count,
    routes,
    indexOf: (ordinal) => (hasIndexes ? view.getUint32(indexesAt + 4 * ordinal, true) : ordinal),
    extra,
    commands,
    itemsStart: HEADER_SIZE_BYTES,
    itemsEnd,
  };
}
