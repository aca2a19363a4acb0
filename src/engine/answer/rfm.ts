/**
 * Recency, frequency and money over all shards. Each shard gives its figures in order, so that a score is a comparison with thresholds
 * that hold for all customers together; nothing is merged or sorted here.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import { RFM_CELLS, type RfmBody, type RfmCell, type RfmRequest, type RfmScores } from '../../model/analysis.ts';
import { inSlices } from '../../query/execution/pace.ts';
import { captureRfm, type RfmPart } from '../../query/execution/rfm.ts';
import { rfmCell } from '../../query/execution/rfm-cell.ts';
import { SortedLists, type SortedNumbers } from '../../query/execution/sorted-numbers.ts';
import { decodeCursor, encodeCursor } from '../query-cursor.ts';
import type { Question } from './question.ts';

const DEFAULT_SCORES = 5;
const DEFAULT_MEMBERS = 100;
const CUSTOMERS_PER_STEP = 4_096;
const CUSTOMER_NS = 30;

type Member = NonNullable<RfmBody['members']>[number];
interface Sums {
  readonly count: number;
  readonly revenue: number;
  readonly orders: number;
}

export async function answerRfm(question: Question): Promise<RfmBody> {
  const request = question.request.rfm!;
  return question.askAndMerge(
    (instant) => captureRfm(instant, request),
    (parts, spend) => inSlices(bodyOf(question, request, parts), spend),
  );
}

function* bodyOf(question: Question, request: RfmRequest, parts: readonly RfmPart[]): Generator<number, RfmBody, void> {
  const scores = request.scores ?? DEFAULT_SCORES;
  const lastMs = thresholds(
    parts.map(({ sorted }) => sorted.lastMs),
    scores,
  );
  const frequency = thresholds(
    parts.map(({ sorted }) => sorted.frequency),
    scores,
  );
  const monetary = thresholds(
    parts.map(({ sorted }) => sorted.monetary),
    scores,
  );
  const page = request.members === undefined ? undefined : new MemberPage(question, request.members);
  const least = { lastMs, frequency, monetary };
  const triples = new TripleSums(scores);
  for (const [shard, part] of parts.entries()) {
    const places = new Uint16Array(part.rows.length);
    for (let from = 0; from < places.length; from += CUSTOMERS_PER_STEP) {
      const end = Math.min(from + CUSTOMERS_PER_STEP, places.length);
      triples.add(part, least, places, from, end);
      page?.take(shard, part, places, triples, from, end);
      yield CUSTOMER_NS * (end - from);
    }
  }
  const total = triples.all();
  const { atMs, nowMs } = question.options;
  return {
    customers: total.count,
    orders: total.orders,
    revenue: total.revenue,
    thresholds: {
      recencyMs: lastMs.map((ms) => (Number.isFinite(ms) ? (atMs ?? nowMs) - ms : null)),
      frequency: frequency.map(shownThreshold),
      monetary: monetary.map(shownThreshold),
    },
    cells: RFM_CELLS.flatMap((cell) => {
      const sums = triples.ofCell(cell);
      return sums.count === 0 ? [] : [{ cell, ...sums }];
    }),
    scores: triples.scores(),
    ...(page === undefined ? {} : { members: page.members }),
    ...(page?.cursor === undefined ? {} : { cursor: page.cursor }),
  };
}

/**
 * Least figure of score 2, 3 …; infinite where nobody has it. The score of a figure is told by the position of the first that equals it, so a
 * part of the order that begins amid equals begins after them.
 */
function thresholds(lists: readonly SortedNumbers[], scores: number): number[] {
  const sorted = new SortedLists(lists);
  return Array.from({ length: scores - 1 }, (_, s) => {
    const position = Math.ceil(((s + 1) * sorted.count) / scores);
    if (position >= sorted.count) return Infinity;
    const value = sorted.at(position);
    return sorted.countBelow(value) >= position ? value : sorted.above(value);
  });
}

function shownThreshold(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

interface Least {
  readonly lastMs: readonly number[];
  readonly frequency: readonly number[];
  readonly monetary: readonly number[];
}

/** Customers, their orders and money, by their three scores: triple (r, f, m), from 0, at (r × scores + f) × scores + m. */
class TripleSums {
  readonly #scores: number;
  readonly #counts: Float64Array;
  readonly #orders: Float64Array;
  readonly #revenues: Float64Array;
  readonly #cells: readonly RfmCell[];

  constructor(scores: number) {
    this.#scores = scores;
    this.#cells = Array.from({ length: scores ** 3 }, (_, place) => {
      const { recency, frequency, monetary } = this.scoresOf(place);
      return rfmCell(recency, frequency, monetary, scores);
    });
    this.#counts = new Float64Array(scores ** 3);
    this.#orders = new Float64Array(scores ** 3);
    this.#revenues = new Float64Array(scores ** 3);
  }

  /** Adds customers `from` to `end` and notes the triple of each. */
  add(part: RfmPart, least: Least, places: Uint16Array, from: number, end: number): void {
    const { lastMs, frequency, monetary } = part;
    const lastMsLeast = Float64Array.from(least.lastMs);
    const frequencyLeast = Float64Array.from(least.frequency);
    const monetaryLeast = Float64Array.from(least.monetary);
    for (let i = from; i < end; i++) {
      let place = rankOf(lastMs[i], lastMsLeast);
      place = place * this.#scores + rankOf(frequency[i], frequencyLeast);
      place = place * this.#scores + rankOf(monetary[i], monetaryLeast);
      places[i] = place;
      this.#counts[place] += 1;
      this.#orders[place] += frequency[i];
      this.#revenues[place] += monetary[i];
    }
  }

  scoresOf(place: number): RfmScores {
    const scores = this.#scores;
    return {
      recency: Math.floor(place / scores ** 2) + 1,
      frequency: (Math.floor(place / scores) % scores) + 1,
      monetary: (place % scores) + 1,
    };
  }

  cellOf(place: number): RfmCell {
    return this.#cells[place];
  }

  all(): Sums {
    return this.#sum(() => true);
  }

  ofCell(cell: RfmCell): Sums {
    return this.#sum((place) => this.cellOf(place) === cell);
  }

  #sum(isMeant: (place: number) => boolean): Sums {
    const sums = { count: 0, revenue: 0, orders: 0 };
    for (let place = 0; place < this.#counts.length; place++) {
      if (this.#counts[place] === 0 || !isMeant(place)) continue;
      sums.count += this.#counts[place];
      sums.revenue += this.#revenues[place];
      sums.orders += this.#orders[place];
    }
    return sums;
  }

  scores(): RfmBody['scores'] {
    const found: RfmBody['scores'][number][] = [];
    this.#counts.forEach((count, place) => {
      if (count > 0) found.push({ ...this.scoresOf(place), count });
    });
    return found;
  }
}

/** The score, from 0. */
function rankOf(figure: number, least: Float64Array): number {
  let rank = 0;
  for (let s = 0; s < least.length; s++) rank += figure >= least[s] ? 1 : 0;
  return rank;
}

/** The customers asked for, in the order of shards and rows. */
class MemberPage {
  readonly members: Member[] = [];
  cursor: string | undefined;
  readonly #question: Question;
  readonly #limit: number;
  readonly #cell: RfmCell | undefined;
  readonly #from: { readonly shardIndex: number; readonly row: number };

  constructor(question: Question, { limit, cell, cursor }: NonNullable<RfmRequest['members']>) {
    this.#question = question;
    this.#limit = limit ?? DEFAULT_MEMBERS;
    this.#cell = cell;
    this.#from = decodeCursor(cursor, question.shards.length);
  }

  /** Customers `from` to `end` of a shard. */
  take(shardIndex: number, part: RfmPart, places: Uint16Array, triples: TripleSums, from: number, end: number): void {
    const { rows, lastMs, frequency, monetary } = part;
    if (this.cursor !== undefined || shardIndex < this.#from.shardIndex) return;
    const firstRow = shardIndex === this.#from.shardIndex ? this.#from.row : 0;
    for (let i = from; i < end; i++) {
      const row = rows[i];
      if (row < firstRow) continue;
      const cell = triples.cellOf(places[i]);
      if (this.#cell !== undefined && cell !== this.#cell) continue;
      if (this.members.length === this.#limit) {
        this.cursor = encodeCursor({ shardIndex, row });
        return;
      }
      this.members.push({
        id: this.#question.shards[shardIndex].renderer.idOf(row),
        ...triples.scoresOf(places[i]),
        cell,
        lastAt: formatIsoDate(lastMs[i]),
        orders: frequency[i],
        revenue: monetary[i],
      });
    }
  }
}
