/**
 * Recency, frequency and money over all shards. Each shard gives its figures in order, so that a score is a comparison with thresholds
 * that hold for all customers together; nothing is merged or sorted here.
 */
import { RFM_CELLS, type RfmBody, type RfmCell, type RfmRequest } from '../../model/analysis.ts';
import type { Spend } from '../../query/execution/pace.ts';
import { allEnded } from '../../query/execution/shard-query.ts';
import { SortedLists, type SortedNumbers } from '../../query/execution/sorted-numbers.ts';
import { decodeCursor, encodeCursor } from '../query-cursor.ts';
import type { AskedQuestion } from './asked-question.ts';
import { type Customers, customerKind, type Member, type Scored } from './customers.ts';
import { allotted } from './selection.ts';
import { Triples } from './triples.ts';

const DEFAULT_MEMBERS = 100;

interface Sums {
  readonly count: number;
  readonly revenue: number;
  readonly orders: number;
}

export async function answerRfm(question: AskedQuestion): Promise<RfmBody> {
  const request = question.request.rfm!;
  decodeCursor(request.members?.cursor, question.shardCount);
  return question.gather(customerKind(request), (parts, spend) => merge(question, request, parts, spend));
}

async function merge(
  question: AskedQuestion,
  request: RfmRequest,
  parts: readonly Customers[],
  spend: Spend,
): Promise<RfmBody> {
  const triples = new Triples(request.scores);
  const lastMs = thresholds(
    parts.map(({ sorted }) => sorted.lastMs),
    triples.scores,
  );
  const frequency = thresholds(
    parts.map(({ sorted }) => sorted.frequency),
    triples.scores,
  );
  const monetary = thresholds(
    parts.map(({ sorted }) => sorted.monetary),
    triples.scores,
  );
  const least = { lastMs, frequency, monetary };
  const scored = await allEnded(parts.map((part) => part.score(least, spend)));
  const sums = new TripleSums(triples, scored);
  const total = sums.all();
  return {
    customers: total.count,
    orders: total.orders,
    revenue: total.revenue,
    thresholds: {
      recencyMs: Array.from(lastMs, (ms) => shownThreshold(question.nowMs - ms)),
      frequency: Array.from(frequency, shownThreshold),
      monetary: Array.from(monetary, shownThreshold),
    },
    cells: RFM_CELLS.flatMap((cell) => {
      const ofCell = sums.ofCell(cell);
      return ofCell.count === 0 ? [] : [{ cell, ...ofCell }];
    }),
    scores: sums.scores(),
    ...(request.members === undefined ? {} : await membersOf(request.members, parts, scored, spend)),
  };
}

/** The customers asked for, in the order of shards and rows. */
async function membersOf(
  { limit = DEFAULT_MEMBERS }: NonNullable<RfmRequest['members']>,
  parts: readonly Customers[],
  scored: readonly Scored[],
  spend: Spend,
): Promise<{ readonly members: readonly Member[]; readonly cursor?: string }> {
  const asked = allotted(
    parts.map((part, p) => ({ part, count: scored[p].shownCount })),
    limit,
  );
  const runs = await allEnded(asked.map((each) => each.of.part.members(each.limit, spend)));
  const members = runs.flatMap(({ items }) => items);
  const row = runs.at(-1)?.next;
  if (row === undefined) return { members };
  return { members, cursor: encodeCursor({ shardIndex: asked.at(-1)!.of.part.shardIndex, row }) };
}

/**
 * Least figure of score 2, 3 …; infinite where nobody has it. The score of a figure is told by the position of the first that equals it, so a
 * part of the order that begins amid equals begins after them.
 */
function thresholds(lists: readonly SortedNumbers[], scores: number): Float64Array {
  const sorted = new SortedLists(lists);
  return Float64Array.from({ length: scores - 1 }, (_, s) => {
    const position = Math.ceil(((s + 1) * sorted.count) / scores);
    if (position >= sorted.count) return Infinity;
    const value = sorted.at(position);
    return sorted.countBelow(value) >= position ? value : sorted.above(value);
  });
}

function shownThreshold(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Customers, their orders and money, by their three scores. */
class TripleSums {
  readonly #triples: Triples;
  readonly #counts: Float64Array;
  readonly #orders: Float64Array;
  readonly #revenues: Float64Array;

  constructor(triples: Triples, parts: readonly Scored[]) {
    const added = (of: (part: Scored) => Float64Array): Float64Array => {
      const sums = new Float64Array(triples.count);
      for (const part of parts) for (let place = 0; place < sums.length; place++) sums[place] += of(part)[place];
      return sums;
    };
    this.#triples = triples;
    this.#counts = added(({ counts }) => counts);
    this.#orders = added(({ orders }) => orders);
    this.#revenues = added(({ revenues }) => revenues);
  }

  all(): Sums {
    return this.#sum(() => true);
  }

  ofCell(cell: RfmCell): Sums {
    return this.#sum((place) => this.#triples.cellOf(place) === cell);
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
      if (count > 0) found.push({ ...this.#triples.scoresOf(place), count });
    });
    return found;
  }
}
