/**
 * Reads the outside of a binary frame, `{"op","batch":[…],"ref","ack","sentAt", …}`, and leaves the items where they lie.
 * Frames of other ops are decoded whole.
 */
import { unpack } from 'msgpackr';
import { parseIsoDateMs } from '../base/iso-date.ts';
import { EngineError } from '../model/error.ts';
import type { AckLevel } from '../model/ingest.ts';
import type { EventTape } from './event-tape.ts';
import { kindOfName } from './known-name.ts';
import { MsgpackCursor, skipValue, TYPE_ARRAY, TYPE_DATE, TYPE_MAP, TYPE_NUMBER, TYPE_STRING } from './msgpack.ts';

export const ACK_LEVELS: readonly AckLevel[] = ['received', 'applied', 'durable'];

/** Ops that bring events; the value is the kind of items that carry no type, 0 = they must. */
export function ingestKindOf(op: unknown): number | undefined {
  if (op === 'batch' || op === 'import') return 0;
  const kind = typeof op === 'string' ? kindOfName(op) : 0;
  return kind === 0 ? undefined : kind;
}

export interface IngestFrame {
  readonly kind: 'ingest';
  readonly ref: unknown;
  /** Absent when the frame names none. */
  readonly ack: AckLevel | undefined;
  readonly defaultKind: number;
  readonly isImport: boolean;
  readonly sentAtMs: number;
  readonly itemCount: number;
  /** Where the first item begins on the tape. */
  readonly itemsStart: number;
  /** Where the last item must end. */
  readonly itemsEnd: number;
  /** Whether the items were scanned on the way. */
  readonly isScanned: boolean;
}

/** Scans the items in passing and gives the position behind them; −1 to leave them for later. */
export type BatchScan = (start: number, end: number, itemCount: number, defaultKind: number) => number;

export type Frame = IngestFrame | { readonly kind: 'message'; readonly message: Readonly<Record<string, unknown>> };

const cursor = new MsgpackCursor();

/**
 * The frame's bytes are copied to the (reset) tape. When "op" comes before "batch", as every encoder of the documented shape writes it, the
 * items are scanned where they stand, so that nothing is walked twice. Errors: malformed_msgpack, malformed_request.
 */
export function readFrame(tape: EventTape, bytes: Uint8Array, scanBatch: BatchScan): Frame {
  tape.reset();
  tape.append(bytes);
  const end = tape.length;
  cursor.reset(tape.bytes, tape.view, 0, end);
  if (cursor.read() !== TYPE_MAP) throw new EngineError('malformed_request', 'a frame must be a map with "op"');
  const count = cursor.count;
  let op: unknown;
  let ref: unknown;
  let ack: unknown;
  let sentAt: unknown;
  let itemsStart = -1;
  let itemsEnd = -1;
  let itemCount = 0;
  let isScanned = false;
  for (let i = 0; i < count; i++) {
    if (cursor.read() !== TYPE_STRING) throw new EngineError('malformed_request', 'names in a frame must be strings');
    const name = readText(tape);
    const valueAt = cursor.at;
    if (name === 'batch' && cursor.read() === TYPE_ARRAY) {
      itemCount = cursor.count;
      itemsStart = cursor.at;
      const kind = ingestKindOf(op);
      const scannedEnd: number = kind === undefined || isScanned ? -1 : scanBatch(itemsStart, end, itemCount, kind);
      isScanned = scannedEnd >= 0;
      itemsEnd = isScanned ? scannedEnd : skipValue(tape.bytes, tape.view, valueAt, end);
      // The scan may have moved the tape's bytes to a larger buffer.
      cursor.reset(tape.bytes, tape.view, itemsEnd, end);
      continue;
    }
    cursor.at = skipValue(tape.bytes, tape.view, valueAt, end);
    if (name === 'op') op = decode(tape, valueAt);
    else if (name === 'ref') ref = decode(tape, valueAt);
    else if (name === 'ack') ack = decode(tape, valueAt);
    else if (name === 'sentAt') sentAt = decode(tape, valueAt);
  }
  if (cursor.at !== end)
    throw new EngineError('malformed_msgpack', 'bytes are left behind the frame', { details: { byte: cursor.at } });
  const defaultKind = ingestKindOf(op);
  if (defaultKind === undefined) return { kind: 'message', message: decodeMessage(bytes) };
  if (itemsStart < 0)
    throw new EngineError('malformed_request', `a frame with op "${String(op)}" needs "batch", a list of events`);
  if (ack !== undefined && ack !== null && !ACK_LEVELS.includes(ack as AckLevel)) {
    throw new EngineError('malformed_request', 'ack must be one of received, applied, durable');
  }
  return {
    kind: 'ingest',
    ref,
    ack: (ack ?? undefined) as AckLevel | undefined,
    defaultKind,
    isImport: op === 'import',
    sentAtMs: readTimeMs(sentAt),
    itemCount,
    itemsStart,
    itemsEnd,
    isScanned,
  };
}

function readText(tape: EventTape): string {
  const at = cursor.at;
  cursor.at = at + cursor.count;
  if (cursor.at > tape.length) throw new EngineError('malformed_msgpack', 'the frame ends inside a name');
  return Buffer.from(tape.bytes.buffer, at, cursor.count).toString('latin1');
}

/** A small value; containers are not expected here and give undefined. */
function decode(tape: EventTape, at: number): unknown {
  const end = cursor.at;
  const small = new MsgpackCursor();
  small.reset(tape.bytes, tape.view, at, end);
  switch (small.read()) {
    case TYPE_NUMBER:
    case TYPE_DATE:
      return small.number;
    case TYPE_STRING:
      return Buffer.from(tape.bytes.buffer, small.at, small.count).toString('utf8');
    default:
      return undefined;
  }
}

function decodeMessage(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return unpack(bytes) as Record<string, unknown>;
  } catch (error) {
    throw new EngineError('malformed_msgpack', 'the frame is not msgpack', { cause: error });
  }
}

/** Epoch ms from ISO text or a number; NaN when absent or not a time. */
export function readTimeMs(value: unknown): number {
  if (typeof value === 'string') return parseIsoDateMs(value);
  if (typeof value === 'number' && Number.isFinite(value)) return Math.floor(value);
  if (value instanceof Date) return value.getTime();
  return Number.NaN;
}
