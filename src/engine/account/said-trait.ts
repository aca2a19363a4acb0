/**
 * A group call as it goes to another process: when it was, and what it says of the account, trait by trait, each by the number of its path,
 * its type and, where the type does not say all, its value. Written and read as the link's messages are, so values stay exactly what they were.
 */
import { unpack } from 'msgpackr';
import { joinPath } from '../../base/path.ts';
import {
  LEAF_ARRAY,
  LEAF_EMPTY,
  LEAF_FALSE,
  LEAF_NULL,
  LEAF_NUMBER,
  LEAF_STRING,
  LEAF_TRUE,
} from '../../ingest/event-tape.ts';
import { ValueReader } from '../../link/value-reader.ts';
import { ValueWriter } from '../../link/value-writer.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import { type AccountCalls, type CallOrder, saidText } from './account-calls.ts';

/** An array is its msgpack bytes. */
export type SaidValue = number | string | Uint8Array | null;
/** Path, type, value; one after another. */
type Said = (number | SaidValue)[];
type PackedCall = readonly [timeMs: number, messageId: string, said: Said];

const FIELDS = 3;
/** More than all calls that are kept of one account can be. */
const PACKED_SIZE_BYTES_MAX = 48 * 2 ** 20;

const writer = new ValueWriter(PACKED_SIZE_BYTES_MAX);
const reader = new ValueReader();

/** Good for as long as anybody has it. */
export function packCalls(calls: AccountCalls, kept: readonly number[]): Uint8Array {
  writer.begin();
  writer.value(kept.map((call): PackedCall => [calls.timeOf(call), calls.messageIdOf(call), saidBy(calls, call)]));
  return writer.end();
}

function saidBy(calls: AccountCalls, call: number): Said {
  const said: Said = [];
  const shard = calls.shardOf(call);
  const index = calls.indexOf(call);
  calls.traits().forEach(({ columns }, path) => {
    const column = columns[shard];
    const type = column?.typeAt(index) ?? 0;
    if (column !== undefined && type !== 0) said.push(path, type, plainAt(column, index, type));
  });
  return said;
}

function plainAt(column: ValueColumn, index: number, type: number): SaidValue {
  if (type === LEAF_NUMBER) return column.numbers!.get(index);
  if (type === LEAF_STRING) return column.strings!.dictionary.text(column.strings!.codes.get(index));
  if (type !== LEAF_ARRAY) return null;
  const { codes, dictionary } = column.arrays!;
  dictionary.locate(codes.get(index));
  const { block, start, size } = dictionary.heap;
  return block.slice(start, start + size);
}

/** A call that came from another process. `paths`: of the shard that sent it, by number. */
export class SaidCall implements CallOrder {
  readonly timeMs: number;
  readonly messageId: string;
  readonly #said: Said;
  readonly #paths: readonly (readonly string[])[];

  constructor([timeMs, messageId, said]: PackedCall, paths: readonly (readonly string[])[]) {
    this.timeMs = timeMs;
    this.messageId = messageId;
    this.#said = said;
    this.#paths = paths;
  }

  visit(see: (path: number, type: number, value: SaidValue) => void): void {
    for (let i = 0; i < this.#said.length; i += FIELDS) {
      see(this.#said[i] as number, this.#said[i + 1] as number, this.#said[i + 2] as SaidValue);
    }
  }

  text(): string {
    const entries: [string, unknown][] = [];
    this.visit((path, type, value) => entries.push([joinPath(this.#paths[path]), plainOf(type, value)]));
    return saidText(entries);
  }
}

export function unpackCalls(bytes: Uint8Array, paths: readonly (readonly string[])[]): SaidCall[] {
  reader.open(bytes);
  const packed = reader.value() as readonly PackedCall[];
  reader.close();
  return packed.map((call) => new SaidCall(call, paths));
}

function plainOf(type: number, value: SaidValue): unknown {
  switch (type) {
    case LEAF_TRUE:
      return true;
    case LEAF_FALSE:
      return false;
    case LEAF_NULL:
      return null;
    case LEAF_EMPTY:
      return {};
    default:
      return value instanceof Uint8Array ? unpack(value) : value;
  }
}
