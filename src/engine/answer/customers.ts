/**
 * A shard's customers in a question of recency, frequency and money: each figure in order, so that thresholds for all customers together are
 * found; then, by these, how many have which three scores; then those that are shown. Elsewhere only the first two come over whole.
 */
import { assert } from '../../base/assert.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import type { RfmBody, RfmRequest } from '../../model/analysis.ts';
import { inSlices, type Spend } from '../../query/execution/pace.ts';
import { captureRfm, type RfmPart } from '../../query/execution/rfm.ts';
import type { SortedNumbers } from '../../query/execution/sorted-numbers.ts';
import { type CursorPosition, decodeCursor } from '../query-cursor.ts';
import type { AnsweringShard } from './answering-shard.ts';
import { packNumbers } from './packed-numbers.ts';
import { atOnce, type Further, type PartKind, type Place } from './part-kind.ts';
import type { Run } from './selection.ts';
import { Triples } from './triples.ts';

export type Member = NonNullable<RfmBody['members']>[number];
export const FIGURES = ['lastMs', 'frequency', 'monetary'] as const;

/** Of each figure the least of score 2, 3 …; infinite where nobody has it. */
export type Least = Readonly<Record<(typeof FIGURES)[number], Float64Array>>;

/** By triple of scores; and how many of those that are shown there are from where the page begins. */
export interface Scored {
  readonly counts: Float64Array;
  readonly orders: Float64Array;
  readonly revenues: Float64Array;
  readonly shownCount: number;
}

export interface Customers {
  readonly shardIndex: number;
  readonly sorted: RfmPart['sorted'];
  score(least: Least, spend: Spend): Promise<Scored>;
  /** The first of those that are shown. To be asked after their scores. */
  members(limit: number, spend: Spend): Promise<Run<readonly Member[]>>;
}

type PackedCustomers = Readonly<Record<(typeof FIGURES)[number], SortedNumbers>>;

type CustomerAsk =
  | { readonly of: 'scores'; readonly least: Least }
  | { readonly of: 'members'; readonly from: number | undefined; readonly limit: number };

/** `next`: the place of the first customer that is not in it, and that one's row. */
interface MemberPiece {
  readonly members: readonly Member[];
  /** With those who became part of others since they were found, who are not shown. */
  readonly count: number;
  readonly next: { readonly from: number; readonly row: number } | undefined;
}

const CUSTOMERS_PER_STEP = 4_096;
const CUSTOMER_NS = 30;
const PIECE_COUNT = 1_000;

/** Errors: invalid_cursor. */
export function customerKind(request: RfmRequest): PartKind<Customers, PackedCustomers> {
  return {
    capture(instant, shard, { index, count }) {
      const finish = captureRfm(instant, request);
      const from = decodeCursor(request.members?.cursor, count);
      return async (rows) => new LocalCustomers(await finish(rows), shard, request, index, from);
    },
    *pack({ sorted }) {
      return {
        lastMs: yield* packNumbers(sorted.lastMs),
        frequency: yield* packNumbers(sorted.frequency),
        monetary: yield* packNumbers(sorted.monetary),
      };
    },
    unpack: (packed, place, further) => atOnce(new DistantCustomers(packed, place, further)),
    async further(customers, ask, spend) {
      assert(customers instanceof LocalCustomers, 'what is packed are customers of this process');
      const asked = ask as CustomerAsk;
      return asked.of === 'scores'
        ? customers.score(asked.least, spend)
        : inSlices(customers.piece(asked.from, Math.min(asked.limit, PIECE_COUNT)), spend);
    },
  };
}

class LocalCustomers implements Customers {
  readonly shardIndex: number;
  readonly #part: RfmPart;
  readonly #shard: AnsweringShard;
  readonly #shown: RfmRequest['members'];
  readonly #triples: Triples;
  /** The customer at whom the page begins. */
  readonly #first: number;
  /** The triple of each customer. */
  #places = new Uint16Array(0);

  constructor(part: RfmPart, shard: AnsweringShard, request: RfmRequest, index: number, from: CursorPosition) {
    this.shardIndex = index;
    this.#part = part;
    this.#shard = shard;
    this.#shown = request.members;
    this.#triples = new Triples(request.scores);
    const firstRow = index === from.shardIndex ? from.row : 0;
    this.#first = index < from.shardIndex ? part.rows.length : firstFrom(part.rows, firstRow);
  }

  get sorted(): RfmPart['sorted'] {
    return this.#part.sorted;
  }

  score(least: Least, spend: Spend): Promise<Scored> {
    return inSlices(this.#scoreSteps(least), spend);
  }

  *#scoreSteps(least: Least): Generator<number, Scored, void> {
    const { lastMs, frequency, monetary } = this.#part;
    const triples = this.#triples;
    const places = new Uint16Array(lastMs.length);
    const counts = new Float64Array(triples.count);
    const orders = new Float64Array(triples.count);
    const revenues = new Float64Array(triples.count);
    let shownCount = 0;
    for (let from = 0; from < places.length; from += CUSTOMERS_PER_STEP) {
      const end = Math.min(from + CUSTOMERS_PER_STEP, places.length);
      for (let i = from; i < end; i++) {
        const recency = rankOf(lastMs[i], least.lastMs);
        const place = triples.placeOf(
          recency,
          rankOf(frequency[i], least.frequency),
          rankOf(monetary[i], least.monetary),
        );
        places[i] = place;
        counts[place] += 1;
        orders[place] += frequency[i];
        revenues[place] += monetary[i];
        if (i >= this.#first && this.#isShown(place)) shownCount += 1;
      }
      yield CUSTOMER_NS * (end - from);
    }
    this.#places = places;
    return { counts, orders, revenues, shownCount };
  }

  #isShown(place: number): boolean {
    const { cell } = this.#shown ?? {};
    return cell === undefined || this.#triples.cellOf(place) === cell;
  }

  async members(limit: number, spend: Spend): Promise<Run<readonly Member[]>> {
    const { members, next } = await inSlices(this.piece(undefined, limit), spend);
    return { items: members, next: next?.row };
  }

  /** `from`: absent = where the page begins. */
  *piece(from: number | undefined, limit: number): Generator<number, MemberPiece, void> {
    const { rows, lastMs, frequency, monetary } = this.#part;
    const { data, renderer } = this.#shard;
    const members: Member[] = [];
    let count = 0;
    for (let i = from ?? this.#first; i < rows.length; i++) {
      if (i % CUSTOMERS_PER_STEP === CUSTOMERS_PER_STEP - 1) yield CUSTOMER_NS * CUSTOMERS_PER_STEP;
      const place = this.#places[i];
      if (!this.#isShown(place)) continue;
      if (count === limit) return { members, count, next: { from: i, row: rows[i] } };
      count += 1;
      if (data.isDead(rows[i])) continue;
      members.push({
        id: renderer.idOf(rows[i]),
        ...this.#triples.scoresOf(place),
        cell: this.#triples.cellOf(place),
        lastAt: formatIsoDate(lastMs[i]),
        orders: frequency[i],
        revenue: monetary[i],
      });
    }
    return { members, count, next: undefined };
  }
}

/** Place of the first row that is not below; rows ascend. */
function firstFrom(rows: Uint32Array, row: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle] < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The score, from 0. */
function rankOf(figure: number, least: Float64Array): number {
  let rank = 0;
  for (let s = 0; s < least.length; s++) rank += figure >= least[s] ? 1 : 0;
  return rank;
}

/** In another process. */
class DistantCustomers implements Customers {
  readonly shardIndex: number;
  readonly sorted: RfmPart['sorted'];
  readonly #further: Further;

  constructor(packed: PackedCustomers, { index }: Place, further: Further) {
    this.shardIndex = index;
    this.sorted = packed;
    this.#further = further;
  }

  async score(least: Least): Promise<Scored> {
    return (await this.#further({ of: 'scores', least } satisfies CustomerAsk)) as Scored;
  }

  async members(limit: number): Promise<Run<readonly Member[]>> {
    const items: Member[] = [];
    let from: number | undefined;
    let left = limit;
    for (;;) {
      const ask: CustomerAsk = { of: 'members', from, limit: left };
      const { members, count, next } = (await this.#further(ask)) as MemberPiece;
      for (const member of members) items.push(member);
      left -= count;
      if (next === undefined || left === 0) return { items, next: next?.row };
      from = next.from;
    }
  }
}
