/**
 * Recency, frequency and money over all shards. Each shard gives its figures in order, so that a score is a comparison with thresholds
 * that hold for all customers together; nothing is merged or sorted here.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import { RFM_CELLS, type RfmBody, type RfmCell, type RfmRequest } from '../../model/analysis.ts';
import { captureRfm, type RfmPart } from '../../query/execution/rfm.ts';
import { rfmCell } from '../../query/execution/rfm-cell.ts';
import { SortedLists, type SortedNumbers } from '../../query/execution/sorted-numbers.ts';
import { decodeCursor, encodeCursor } from '../query-cursor.ts';
import type { Question } from './question.ts';

const DEFAULT_SCORES = 5;
const DEFAULT_MEMBERS = 100;
const CUSTOMERS_PER_TURN = 16_384;

type Member = NonNullable<RfmBody['members']>[number];
interface Sums {
  count: number;
  revenue: number;
  orders: number;
}

export async function answerRfm(question: Question): Promise<RfmBody> {
  const request = question.request.rfm!;
  const parts = await question.ask((instant) => captureRfm(instant, request));
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
  const total: Sums = { count: 0, revenue: 0, orders: 0 };
  const cells = new Map<RfmCell, Sums>();
  /** Customers by their three scores. */
  const counts = new Uint32Array(scores ** 3);
  for (const [shard, part] of parts.entries()) {
    for (let i = 0; i < part.rows.length; i++) {
      if (i > 0 && i % CUSTOMERS_PER_TURN === 0) await question.clock.yieldTurn();
      const r = scoreOf(part.lastMs[i], lastMs);
      const f = scoreOf(part.frequency[i], frequency);
      const m = scoreOf(part.monetary[i], monetary);
      const cell = rfmCell(r, f, m, scores);
      let sums = cells.get(cell);
      if (sums === undefined) {
        sums = { count: 0, revenue: 0, orders: 0 };
        cells.set(cell, sums);
      }
      add(sums, part, i);
      add(total, part, i);
      counts[((r - 1) * scores + f - 1) * scores + m - 1] += 1;
      page?.offer(shard, part, i, { recency: r, frequency: f, monetary: m }, cell);
    }
  }
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
      const sums = cells.get(cell);
      return sums === undefined ? [] : [{ cell, count: sums.count, revenue: sums.revenue, orders: sums.orders }];
    }),
    scores: scoreCounts(counts, scores),
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

function scoreOf(figure: number, least: readonly number[]): number {
  let score = 1;
  for (let s = 0; s < least.length; s++) if (figure >= least[s]) score += 1;
  return score;
}

function shownThreshold(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function add(sums: Sums, { frequency, monetary }: RfmPart, i: number): void {
  sums.count += 1;
  sums.revenue += monetary[i];
  sums.orders += frequency[i];
}

function scoreCounts(counts: Uint32Array, scores: number): RfmBody['scores'] {
  const found: RfmBody['scores'][number][] = [];
  counts.forEach((count, i) => {
    if (count === 0) return;
    const recency = Math.floor(i / scores ** 2) + 1;
    const frequency = (Math.floor(i / scores) % scores) + 1;
    found.push({ recency, frequency, monetary: (i % scores) + 1, count });
  });
  return found;
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

  offer(
    shardIndex: number,
    part: RfmPart,
    i: number,
    scores: Pick<Member, 'recency' | 'frequency' | 'monetary'>,
    cell: RfmCell,
  ): void {
    const row = part.rows[i];
    if (this.cursor !== undefined || (this.#cell !== undefined && cell !== this.#cell)) return;
    if (shardIndex < this.#from.shardIndex || (shardIndex === this.#from.shardIndex && row < this.#from.row)) return;
    if (this.members.length === this.#limit) {
      this.cursor = encodeCursor({ shardIndex, row });
      return;
    }
    this.members.push({
      id: this.#question.shards[shardIndex].renderer.idOf(row),
      ...scores,
      cell,
      lastAt: formatIsoDate(part.lastMs[i]),
      orders: part.frequency[i],
      revenue: part.monetary[i],
    });
  }
}
