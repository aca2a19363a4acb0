/**
 * The rows for which a sequence holds: profile by profile along their chains where few are asked for, else over runs. Nobody is looked
 * at who has not even an event of the rarest step.
 */
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { SequenceTest } from '../binder/bound-expression.ts';
import { SequenceRow } from '../evaluation/sequence-row.ts';
import { shapeOf } from '../evaluation/sequence-use.ts';
import { sequenceCostNs, sequenceRowsCostNs } from '../planner/cost.ts';
import { newControl } from './chunk-claim.ts';
import type { Evaluation } from './evaluation.ts';
import type { ImageSet } from './image-set.ts';
import { PAUSE, type Pace, type Pause, paced } from './pace.ts';
import { stretchesOf } from './run-partition.ts';
import { type CapturedSteps, captureSteps, prepareSteps } from './step-tables.ts';

export interface CapturedSequence {
  readonly test: SequenceTest;
  readonly steps: CapturedSteps;
  readonly rowCount: number;
  /** Events at the instant. */
  readonly eventCounts: ReadonlyMap<EventTable, number>;
}

export function captureSequence(test: SequenceTest, rowCount: number, images: ImageSet): CapturedSequence {
  const steps = captureSteps(test.steps, test.range, rowCount, images);
  const eventCounts = new Map(steps.tables.map(({ table, eventCount }) => [table, eventCount]));
  return { test, steps, rowCount, eventCounts };
}

/** Of all profiles; only where so few have an event of a step is a set of those made first. */
const RARE_SHARE = 1 / 16;
const ROWS_PER_PAUSE = 65_536;
/** To merge the runs of a row. */
const MERGE_EVENT_NS = 5;
/** To follow a chain by an event and put it in order. */
const CHAIN_EVENT_NS = 300;

export function* selectSequence(
  captured: CapturedSequence,
  candidates: RowSet | undefined,
  probeNsMax: number,
  pace: Pace,
): Evaluation {
  const { test, steps, rowCount, eventCounts } = captured;
  const asked = yield* possible(test, candidates, rowCount);
  const askedCount = asked?.cardinality ?? rowCount;
  const rowsNsMax = Math.min(probeNsMax, sequenceCostNs(test, rowCount));
  if (sequenceRowsCostNs(test, askedCount) <= rowsNsMax && !steps.readsProfiles) {
    const one = new SequenceRow(test, (table) => eventCounts.get(table)!);
    const found = yield* alongChains(one, (asked ?? RowSet.all(rowCount)).rowsFrom(0, askedCount), rowsNsMax, pace);
    if (found !== undefined) return found;
  }
  const members = asked === undefined ? undefined : { words: asked.toWords(rowCount), count: askedCount };
  const tables = yield* prepareSteps(steps, members);
  const words = new Uint32Array(new SharedArrayBuffer(wordCountOf(rowCount) * 4));
  const eventCount = tables.sources.reduce((sum, { runs }) => sum + runs.indexes.length, 0);
  yield {
    ...tables,
    kind: 'sequence',
    shape: shapeOf(test),
    rowCount,
    candidates: members?.words,
    words,
    chunks: stretchesOf(rowCount),
    control: newControl(),
    costNs: (eventCount * MERGE_EVENT_NS * askedCount) / Math.max(1, rowCount) + askedCount,
  };
  return yield* paced(RowSet.ofWordsSteps(words), pace);
}

/** Undefined when it turns out to be longer than `nsMax`: among few profiles may be one with a very long history. */
function* alongChains(
  one: SequenceRow,
  rows: Uint32Array,
  nsMax: number,
  pace: Pace,
): Generator<Pause, RowSet | undefined, unknown> {
  const found: number[] = [];
  let spentNs = 0;
  for (const row of rows) {
    const rowNs = one.eventCount(row) * CHAIN_EVENT_NS;
    spentNs += rowNs;
    if (spentNs > 2 * nsMax) return undefined;
    if (one.holds(row)) found.push(row);
    if (pace.spend(rowNs)) yield PAUSE;
  }
  return RowSet.of(Uint32Array.from(found));
}

/** The candidates that have an event of the rarest step, where that says something; undefined = everybody. */
function* possible(
  { steps }: SequenceTest,
  candidates: RowSet | undefined,
  rowCount: number,
): Generator<Pause, RowSet | undefined, unknown> {
  let rarest = steps[0].events.table;
  for (const { events } of steps) if (events.table.participantCount < rarest.participantCount) rarest = events.table;
  const { participantCount, participantRows } = rarest;
  const count = candidates?.cardinality ?? rowCount;
  if (participantCount >= count || participantCount > rowCount * RARE_SHARE) return candidates;
  const rows = new Uint32Array(participantCount);
  let rowsFound = 0;
  for (let slot = 0; slot < participantCount; slot++) {
    const row = participantRows.get(slot);
    if (row < rowCount) rows[rowsFound++] = row;
    if (slot % ROWS_PER_PAUSE === ROWS_PER_PAUSE - 1) yield PAUSE;
  }
  const found = RowSet.of(rows.subarray(0, rowsFound));
  return candidates === undefined ? found : candidates.and(found);
}
