/**
 * A look at some profiles of a shard, one by one, for estimates: rows drawn at random without replacement from a seed, so equal
 * questions over equal data get equal answers. It goes in slices with turns between, and each slice sees the profiles as they are
 * in its turn: an estimate is not of one instant, unlike every exact answer.
 *
 * Errors: query_timeout, query_cancelled.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { mix32 } from '../../base/hash.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/expression.ts';
import type { ProfileTable } from '../../profile/profile-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { ExpressionBinder } from '../binder/bind-expression.ts';
import type { BoundExpression } from '../binder/bound-expression.ts';
import type { Memberships } from '../binder/membership.ts';
import { RowSelector } from '../binder/row-selector.ts';
import { compileRowTest } from '../evaluation/row-test.ts';
import { probeCostNs, SEEN_NS, sequenceRowsCostNs } from '../planner/cost.ts';
import { assertGoing } from './cancellation.ts';
import { SLICE_NS } from './pace.ts';

export interface SampleOptions {
  readonly nowMs: number;
  readonly atMs: number | undefined;
  readonly memberships?: Memberships | undefined;
  /** Traits as of `atMs`. */
  readonly past?: ProfileTable | undefined;
  /** Profiles to look at; fewer than there are. */
  readonly count: number;
  readonly seed: number;
  readonly signal: CancelSignal | undefined;
  readonly yieldTurn: (() => Promise<void>) | undefined;
}

/** A test of columns, of which the dictionary's text may have to be looked at. */
const TEST_NS = 200;

/** How many of the profiles that are looked at fit. */
export async function countInSample(data: ShardData, expression: Expression, options: SampleOptions): Promise<number> {
  const { nowMs, atMs, memberships, past, signal, yieldTurn } = options;
  const rows = drawLiving(data, options.count, options.seed);
  const selector = new RowSelector();
  let fitCount = 0;
  for (let next = 0; next < rows.length; ) {
    if (next > 0) await yieldTurn?.();
    assertGoing(signal);
    const bound = new ExpressionBinder(data, selector, { nowMs, atMs, memberships, past }).bind(expression);
    const fits = compileRowTest(bound);
    const end = Math.min(rows.length, next + Math.max(1, Math.floor(SLICE_NS / rowCostNs(bound))));
    // A row that died since it was drawn is nobody any more: it has nothing that fits but a negation.
    for (; next < end; next++) if (!data.isDead(rows[next]) && fits(rows[next])) fitCount += 1;
  }
  return fitCount;
}

/** Rows of `count` different profiles. */
function drawLiving(data: ShardData, count: number, seed: number): Uint32Array {
  const drawn = drawRows(data.profileCount, count, seed);
  if (!data.hasDead) return drawn;
  const living = RowSet.all(data.profiles.count).andNot(data.deadRows());
  return drawn.map((rank) => living.at(rank));
}

/** `count` different rows below `rowCount`, in a random order. */
export function drawRows(rowCount: number, count: number, seed: number): Uint32Array {
  const rows = new Uint32Array(Math.min(count, rowCount));
  const drawn = new Set<number>();
  let state = seed >>> 0;
  for (let i = 0; i < rows.length; i++) {
    // Floyd's way: each subset is as likely as any other, with one draw a row.
    const last = rowCount - rows.length + i;
    state = (state + 0x9e37_79b9) >>> 0;
    const row = Math.floor(((mix32(state) >>> 0) / 2 ** 32) * (last + 1));
    rows[i] = drawn.has(row) ? last : row;
    drawn.add(rows[i]);
  }
  return rows;
}

function rowCostNs(bound: BoundExpression): number {
  switch (bound.kind) {
    case 'and':
    case 'or':
      return bound.of.reduce((sum, part) => sum + rowCostNs(part), TEST_NS);
    case 'not':
      return rowCostNs(bound.of);
    case 'events':
      return TEST_NS + probeCostNs(bound, 1);
    case 'sequence':
      return TEST_NS + sequenceRowsCostNs(bound, 1);
    case 'seen':
      return TEST_NS + SEEN_NS;
    default:
      return TEST_NS;
  }
}
