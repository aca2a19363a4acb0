/**
 * Long lists of ids, as JSON bytes straight from the identifiers' heap: no text per profile is made, and between slices of some 64 KB others
 * get their turn. Who wants strings gets them by reading such a slice back, which is faster than making them one by one.
 */
import { JsonWriter } from '../../base/json-writer.ts';
import type { AnsweringShard } from './answering-shard.ts';

/** Rows of one shard, ascending. */
export interface ShardRows {
  readonly shard: AnsweringShard;
  readonly rows: Uint32Array;
}

/** Ids of a shard elsewhere, as JSON with commas between; there is one at least. */
export interface IdTexts {
  readonly bytes: Uint8Array;
}

export type IdList = ShardRows | IdTexts;

/** A third of a millisecond of work. */
const SLICE_SIZE_BYTES = 64 * 1024;
const COMMA = 0x2c;

/** Writes ids one after another, as many as a slice holds. */
export class IdWriter {
  readonly #lists: readonly IdList[];
  #list = 0;
  #at = 0;

  constructor(lists: readonly IdList[]) {
    this.#lists = lists;
  }

  /** The next ids, with commas between them; false when there was none. */
  writeSlice(writer: JsonWriter): boolean {
    const start = writer.length;
    const end = start + SLICE_SIZE_BYTES;
    while (this.#list < this.#lists.length) {
      const list = this.#lists[this.#list];
      if ('bytes' in list) {
        if (writer.length >= end) return true;
        if (writer.length > start) writer.byte(COMMA);
        writer.raw(list.bytes, 0, list.bytes.length);
      } else if (!this.#writeRows(list, writer, start, end)) return true;
      this.#list += 1;
      this.#at = 0;
    }
    return writer.length > start;
  }

  /** False: the slice is full before the last. */
  #writeRows({ shard, rows }: ShardRows, writer: JsonWriter, start: number, end: number): boolean {
    const { renderer, data } = shard;
    while (this.#at < rows.length) {
      if (writer.length >= end) return false;
      const row = rows[this.#at++];
      // Became part of another since the rows were found, so it has no name any more.
      if (data.isDead(row)) continue;
      if (writer.length > start) writer.byte(COMMA);
      renderer.writeId(writer, row);
    }
    return true;
  }
}

/** `{"ids":[…]` and what `tail` says of the answer, in pieces. Each is good until the next is asked for. */
export async function* idsJson(
  lists: readonly IdList[],
  tail: object,
  nextTurn: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, void> {
  const writer = new JsonWriter(SLICE_SIZE_BYTES + 4_096);
  const ids = new IdWriter(lists);
  writer.ascii('{"ids":[');
  let hasMore = ids.writeSlice(writer);
  while (hasMore) {
    if (writer.length >= SLICE_SIZE_BYTES) {
      yield writer.view;
      await nextTurn();
      writer.reset();
    }
    const at = writer.length;
    writer.byte(COMMA);
    hasMore = ids.writeSlice(writer);
    if (!hasMore) writer.length = at;
  }
  const rest = Buffer.from(JSON.stringify(tail).slice(1));
  writer.ascii(rest.length > 1 ? '],' : ']');
  writer.raw(rest, 0, rest.length);
  yield writer.view;
}

export async function idTexts(lists: readonly IdList[], nextTurn: () => Promise<void>): Promise<string[]> {
  const texts: string[] = [];
  const writer = new JsonWriter(SLICE_SIZE_BYTES + 4_096);
  const ids = new IdWriter(lists);
  for (;;) {
    writer.reset();
    writer.ascii('[');
    if (!ids.writeSlice(writer)) return texts;
    writer.ascii(']');
    const { bytes, length } = writer;
    for (const id of JSON.parse(bytes.toString('utf8', 0, length)) as string[]) texts.push(id);
    if (length >= SLICE_SIZE_BYTES) await nextTurn();
  }
}
