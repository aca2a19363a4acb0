/**
 * Event tests by following chains: of the candidates, or of all participants. Reads columns as they are now, which is right also
 * in later turns: events are only added, and none beyond the length taken at the instant is looked at.
 */
import { RowSet } from '../../bitmap/row-set.ts';
import type { EventTest } from '../binder/bound-expression.ts';
import type { Formula } from '../binder/formula.ts';
import { EventProbe } from '../evaluation/event-probe.ts';
import { probeCostNs } from '../planner/cost.ts';
import { fitsNoEvent } from '../planner/no-event.ts';

/** Chains followed between two yields. */
const STRETCH = 256;

/** What chains would be followed for, and whether that can be done at all. */
export interface ChainPlan {
  /** Undefined = all participants. */
  readonly candidates: RowSet | undefined;
  readonly count: number;
  readonly costNs: number;
}

export function chainPlan(test: EventTest, candidates: RowSet | undefined): ChainPlan | undefined {
  const { measure, table, where } = test;
  if (measure.kind === 'number' && (measure.fn === 'count_distinct' || measure.against !== undefined)) return undefined;
  if (readsProfiles(where) || (measure.kind === 'edge' && readsProfiles(measure.fits))) return undefined;
  const isOfCandidates = candidates !== undefined && candidates.cardinality < table.participantCount;
  const count = isOfCandidates ? candidates.cardinality : table.participantCount;
  return { candidates: isOfCandidates ? candidates : undefined, count, costNs: probeCostNs(test, count) };
}

/** Profiles are written over: in a later turn they are not what they were at the instant. */
export function readsProfiles(formula: Formula): boolean {
  if (formula.kind === 'and' || formula.kind === 'or') return formula.of.some(readsProfiles);
  if (formula.kind === 'not') return readsProfiles(formula.of);
  return formula.kind === 'compare' && formula.rows !== undefined;
}

/** The rows of the plan's candidates (or all) that fit. Yields the estimated cost since the last time. */
export function* rowsOfChains(
  test: EventTest,
  { candidates, count, costNs }: ChainPlan,
  eventCount: number,
  rowCount: number,
): Generator<number, RowSet, void> {
  const { table } = test;
  const probe = new EventProbe(test, eventCount);
  // Rows that differ from what a profile without events would answer.
  const isZeroFit = fitsNoEvent(test.measure);
  const others: number[] = [];
  const stretchNs = (costNs / Math.max(1, count)) * STRETCH;
  if (candidates === undefined) {
    for (let slot = 0; slot < count; slot++) {
      const row = table.participantRows.get(slot);
      if (row < rowCount && probe.fits(slot) !== isZeroFit) others.push(row);
      if (slot % STRETCH === STRETCH - 1) yield stretchNs;
    }
  } else {
    for (let next = candidates.rowsFrom(0, STRETCH); next.length > 0; ) {
      for (const row of next) {
        const slot = table.slotOf(row);
        if (slot >= 0 && probe.fits(slot) !== isZeroFit) others.push(row);
      }
      yield stretchNs;
      next = candidates.rowsFrom(next[next.length - 1] + 1, STRETCH);
    }
  }
  const found = RowSet.of(Uint32Array.from(others));
  return isZeroFit ? (candidates ?? RowSet.all(rowCount)).andNot(found) : found;
}
