/**
 * Second half of a breakdown, once it is known which groups are shown: distinct profiles of each target (a shown group, the rest, all), and
 * the further figure of the shown groups. It reads what the first scan kept and no column, so nothing needs to be held meanwhile.
 */
import { isStopped } from './chunk-claim.ts';
import { type Figure, FigureCollector } from './tally-figure.ts';
import type { TallyScan } from './tally-input.ts';
import { PAIR_NS, profileSteps } from './tally-rows.ts';
import type { ListedValues } from './value-list.ts';

export interface TallyOutcome {
  /** Of each group, of the rest, of all. */
  readonly profiles: Uint32Array;
  readonly figures: readonly Figure[];
}

/** Values between two yields. */
const STRETCH = 16_384;
/** Of a pair or a value. */
export const VALUE_NS = PAIR_NS;

/** What a tally that was stopped gives: nobody waits for it. */
const STOPPED: TallyOutcome = { profiles: new Uint32Array(0), figures: [] };

/** Yields after its pieces what they are estimated to have cost; there it looks whether it was stopped. */
export function* tallySteps(scan: TallyScan): Generator<number, TallyOutcome, void> {
  const steps = wholeTally(scan);
  for (;;) {
    if (isStopped(scan.control)) return STOPPED;
    const step = steps.next();
    if (step.done === true) return step.value;
    yield step.value;
  }
}

function* wholeTally(scan: TallyScan): Generator<number, TallyOutcome, void> {
  const { fn, groupCount } = scan;
  const collectors = Array.from({ length: fn === undefined ? 0 : groupCount }, () => new FigureCollector(fn!));
  const byRow: ValuesByRow[] = [];
  if (scan.isByRow) for (const values of scan.values) byRow.push(yield* valuesByRow(values, scan.rowCount));
  const profiles = yield* profileSteps(scan, (target, row) => {
    if (target >= collectors.length) return 0;
    let count = 0;
    for (const { values, starts, places } of byRow) {
      for (let at = starts[row]; at < starts[row + 1]; at++) collectors[target].add(values, places[at]);
      count += starts[row + 1] - starts[row];
    }
    return count;
  });
  if (!scan.isByRow) {
    const { starts, targets } = scan;
    for (const values of scan.values) {
      for (let v = 0; v < values.keys.length; v++) {
        const key = values.keys[v];
        for (let s = starts[key]; s < starts[key + 1]; s++) {
          if (targets[s] < collectors.length) collectors[targets[s]].add(values, v);
        }
        if (v % STRETCH === STRETCH - 1) yield VALUE_NS * STRETCH;
      }
    }
  }
  const figures: Figure[] = [];
  for (const collector of collectors) figures.push(yield* collector.figure());
  return { profiles, figures };
}

interface ValuesByRow {
  readonly values: ListedValues;
  /** Values of row r: at `places[starts[r]]` … `places[starts[r + 1] − 1]`. */
  readonly starts: Uint32Array;
  readonly places: Uint32Array;
}

function* valuesByRow(values: ListedValues, rowCount: number): Generator<number, ValuesByRow, void> {
  const rows = values.keys;
  const starts = new Uint32Array(rowCount + 1);
  const places = new Uint32Array(rows.length);
  for (let v = 0; v < rows.length; v++) {
    starts[rows[v] + 1] += 1;
    if (v % STRETCH === STRETCH - 1) yield VALUE_NS * STRETCH;
  }
  for (let row = 0; row < rowCount; row++) {
    starts[row + 1] += starts[row];
    if (row % STRETCH === STRETCH - 1) yield STRETCH;
  }
  const ends = starts.slice();
  for (let v = 0; v < rows.length; v++) {
    places[ends[rows[v]]++] = v;
    if (v % STRETCH === STRETCH - 1) yield VALUE_NS * STRETCH;
  }
  return { values, starts, places };
}
