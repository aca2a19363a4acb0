/**
 * A shard's selected rows as pages are made of: how many there are from where the page begins, and ids or profiles of the first of them.
 * Rows stay where they are; what leaves the process are ids and rendered profiles, as JSON bytes, in pieces of bounded size.
 */
import { assert } from '../../base/assert.ts';
import { parseIsoDateMs } from '../../base/iso-date.ts';
import { JsonWriter } from '../../base/json-writer.ts';
import type { RowSet } from '../../bitmap/row-set.ts';
import { pastProfile } from '../../profile/history/past-profile.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import { type CursorPosition, decodeCursor } from '../query-cursor.ts';
import type { AnsweringShard } from './answering-shard.ts';
import type { IdList } from './id-list.ts';
import { atOnce, type Further, type PartKind, type Place } from './part-kind.ts';

/** The first so many of a selection; `next`: the row after them, undefined = there is none. */
export interface Run<Items> {
  readonly items: Items;
  readonly next: number | undefined;
}

export interface Selection {
  readonly shardIndex: number;
  /** Rows from where the page begins; none of a shard before that. */
  readonly count: number;
  ids(limit: number): Promise<Run<readonly IdList[]>>;
  profiles(limit: number): Promise<Run<readonly unknown[]>>;
}

interface PackedSelection {
  readonly count: number;
  /** Where it begins. */
  readonly row: number;
}

/**
 * What is asked of a selection elsewhere, and a piece of the answer: `count` rows, as JSON with commas between. Profiles that became part of
 * others since they were found are counted and not shown, so a page may be shorter, and the next one begins where it would have.
 */
interface PieceAsk {
  readonly of: 'ids' | 'profiles';
  readonly row: number;
  readonly limit: number;
}
interface Piece {
  readonly count: number;
  readonly bytes: Uint8Array;
  /** The first row that is not in it. */
  readonly next: number | undefined;
}

const PIECE_SIZE_BYTES = 256 * 1024;
/** Rows looked up at a time. */
const ROWS_PER_LIST = 4_096;
/** Rendered profiles between two turns of the event loop. */
const PROFILES_PER_TURN = 256;
const COMMA = 0x2c;
/** Of an empty piece: no row comes after it. */
const NO_ROW = 2 ** 32;

/** Errors: invalid_cursor. */
export function selectionKind(
  request: CheckedRequest,
  yieldTurn: () => Promise<void>,
): PartKind<Selection, PackedSelection> {
  return {
    capture:
      (_instant, shard, { index, count }) =>
      (rows) =>
        new LocalSelection({ rows, shard, request, yieldTurn, index, from: decodeCursor(request.cursor, count) }),
    pack: (selection) => atOnce(local(selection).packed()),
    unpack: (packed, place, further) => atOnce(new DistantSelection(packed, place, further)),
    further: async (selection, ask) => local(selection).piece(ask as PieceAsk),
  };
}

function local(selection: Selection): LocalSelection {
  assert(selection instanceof LocalSelection, 'what is packed is a selection of this process');
  return selection;
}

interface LocalSelectionParts {
  readonly rows: RowSet;
  readonly shard: AnsweringShard;
  readonly request: CheckedRequest;
  readonly yieldTurn: () => Promise<void>;
  readonly index: number;
  readonly from: CursorPosition;
}

class LocalSelection implements Selection {
  readonly shardIndex: number;
  readonly count: number;
  readonly #parts: LocalSelectionParts;
  readonly #firstRow: number;

  constructor(parts: LocalSelectionParts) {
    const { index, from, rows } = parts;
    this.#parts = parts;
    this.shardIndex = index;
    this.#firstRow = index < from.shardIndex ? NO_ROW : index === from.shardIndex ? from.row : 0;
    this.count = rows.countFrom(this.#firstRow);
  }

  /** One more tells where the next page begins. */
  #run(limit: number): Run<Uint32Array> {
    const rows = this.#parts.rows.rowsFrom(this.#firstRow, limit + 1);
    return { items: rows.subarray(0, limit), next: rows.length > limit ? rows[limit] : undefined };
  }

  async ids(limit: number): Promise<Run<readonly IdList[]>> {
    const { items, next } = this.#run(limit);
    return { items: [{ shard: this.#parts.shard, rows: items }], next };
  }

  async profiles(limit: number): Promise<Run<readonly unknown[]>> {
    const { shard, request, yieldTurn } = this.#parts;
    const { items, next } = this.#run(limit);
    const profiles: unknown[] = [];
    for (const row of items) {
      if (profiles.length > 0 && profiles.length % PROFILES_PER_TURN === 0) await yieldTurn();
      if (shard.data.isDead(row)) continue;
      profiles.push(
        profileAt(shard, row, request) ?? JSON.parse(renderedProfile(shard, row, request).toString('utf8')),
      );
    }
    return { items: profiles, next };
  }

  packed(): PackedSelection {
    return { count: this.count, row: this.#firstRow };
  }

  piece({ of, row, limit }: PieceAsk): Piece {
    const { rows, shard, request } = this.#parts;
    const writer = new JsonWriter();
    let count = 0;
    let at = row;
    for (;;) {
      const list = rows.rowsFrom(at, Math.min(limit - count, ROWS_PER_LIST) + 1);
      for (const each of list) {
        if (count === limit || writer.length >= PIECE_SIZE_BYTES) return { count, bytes: writer.view, next: each };
        count += 1;
        at = each + 1;
        if (shard.data.isDead(each)) continue;
        if (writer.length > 0) writer.byte(COMMA);
        if (of === 'ids') shard.renderer.writeId(writer, each);
        else writeProfile(writer, shard, each, request);
      }
      if (list.length === 0) return { count, bytes: writer.view, next: undefined };
    }
  }
}

/** The profile as of the question's `at`; undefined where it asks about now. */
function profileAt({ data, renderer }: AnsweringShard, row: number, { fields, events, at }: Asked): unknown {
  if (at === undefined) return undefined;
  const id = renderer.idOf(row);
  // Who fits by what is not there may have been unknown then.
  return pastProfile(data, row, id, { fields, events, at: parseIsoDateMs(at) }) ?? { id };
}

/** Good until the next is rendered. */
function renderedProfile({ renderer }: AnsweringShard, row: number, { fields, events }: Asked): Buffer {
  renderer.render(row, { fields, events });
  const { bytes, start, end } = renderer;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

function writeProfile(writer: JsonWriter, shard: AnsweringShard, row: number, request: Asked): void {
  const past = profileAt(shard, row, request);
  const bytes = past === undefined ? renderedProfile(shard, row, request) : Buffer.from(JSON.stringify(past));
  writer.raw(bytes, 0, bytes.length);
}

/** In another process. */
class DistantSelection implements Selection {
  readonly shardIndex: number;
  readonly count: number;
  readonly #firstRow: number;
  readonly #further: Further;

  constructor({ count, row }: PackedSelection, { index }: Place, further: Further) {
    this.shardIndex = index;
    this.count = count;
    this.#firstRow = row;
    this.#further = further;
  }

  async ids(limit: number): Promise<Run<readonly IdList[]>> {
    const { items, next } = await this.#pieces('ids', limit);
    return { items: items.map(({ bytes }) => ({ bytes })), next };
  }

  async profiles(limit: number): Promise<Run<readonly unknown[]>> {
    const { items, next } = await this.#pieces('profiles', limit);
    const profiles: unknown[] = [];
    for (const { bytes } of items) {
      const { buffer, byteOffset, byteLength } = bytes;
      const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
      for (const profile of JSON.parse(`[${text}]`) as unknown[]) profiles.push(profile);
    }
    return { items: profiles, next };
  }

  async #pieces(of: PieceAsk['of'], limit: number): Promise<Run<readonly Piece[]>> {
    const items: Piece[] = [];
    let left = limit;
    let row: number | undefined = this.#firstRow;
    for (;;) {
      const piece: Piece = (await this.#further({ of, row, limit: left } satisfies PieceAsk)) as Piece;
      if (piece.bytes.length > 0) items.push(piece);
      left -= piece.count;
      row = piece.next;
      if (left === 0 || row === undefined) return { items, next: row };
    }
  }
}

type Asked = Pick<CheckedRequest, 'fields' | 'events' | 'at'>;

/** What each part has to give for a page of `limit`: those that are needed, in order; the last may have more than there is room for. */
export function allotted<Part extends { readonly count: number }>(
  parts: readonly Part[],
  limit: number,
): readonly { readonly of: Part; readonly limit: number }[] {
  const asked: { of: Part; limit: number }[] = [];
  let room = limit;
  for (const part of parts) {
    const { count } = part;
    if (count === 0) continue;
    asked.push({ of: part, limit: Math.min(room, count) });
    if (count > room) break;
    room -= count;
  }
  return asked;
}
