/** A funnel over the selected profiles of one shard; the parts of all shards go to `funnel-body.ts`. */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { FunnelRequest, GroupValue } from '../../model/analysis.ts';
import { traitCells } from '../binder/bind-compare.ts';
import { selectEvents } from '../binder/bind-sequence.ts';
import { parseDurationMs } from '../binder/duration.ts';
import { cellsOf } from '../binder/guarded-cell.ts';
import { assertFunnelSupported } from '../binder/supported.ts';
import { propertySources } from '../binder/value-source.ts';
import { resolveWindow } from '../binder/window.ts';
import { newControl } from './chunk-claim.ts';
import { type CapturedScalar, captureScalar, type ScalarReader, scalarReader } from './first-scalar.ts';
import type { FunnelOutcome, FunnelScan } from './funnel-scan.ts';
import type { Instant } from './instant.ts';
import type { Journeys } from './journey-list.ts';
import { stretchesOf } from './run-partition.ts';
import type { Scan } from './scan.ts';
import type { SortedNumbers } from './sorted-numbers.ts';
import { captureSteps, type Members, prepareSteps, type StepChoice } from './step-tables.ts';

/** Profiles that reached the first step, with the group of each. */
export interface GroupedJourneys {
  readonly values: readonly GroupValue[];
  /** By journey: position in `values`. */
  readonly groups: Uint32Array;
  readonly journeys: Pick<Journeys, 'depths' | 'lengths' | 'times'>;
}

/** One shard's part; steps that no profile can reach there are missing at the end. */
export interface FunnelPart {
  /** Profiles by depth. */
  readonly depths: Float64Array;
  /** From the second step on: times since the step before, a list a worker. */
  readonly times: readonly (readonly SortedNumbers[])[];
  /** One a worker; none without `by`. */
  readonly grouped: readonly GroupedJourneys[];
}

/** To merge the runs of a profile, and what it takes to go through the steps. */
const MERGE_EVENT_NS = 8;
/** Profiles put into groups between two turns. */
const GROUPED_PER_TURN = 16_384;

export function captureFunnel(instant: Instant, request: FunnelRequest): (rows: RowSet) => Promise<FunnelPart> {
  const { moment, images, rowCount } = instant;
  assertFunnelSupported(request, moment.atMs);
  const range = resolveWindow(request.window, moment.nowMs, moment.atMs);
  const choices = range.untilMs > range.fromMs ? reachable(instant, request) : [];
  if (choices.length === 0) return async () => ({ depths: new Float64Array(1), times: [], grouped: [] });
  const steps = captureSteps(choices, range, rowCount, images);
  const by = captureBy(instant, request, choices[0]);
  const withinMs = request.within === undefined ? Infinity : parseDurationMs(request.within);
  return async (rows) => {
    const members = rows.cardinality === rowCount ? undefined : membersOf(rows, rowCount);
    const tables = await runScans(prepareSteps(steps, members), instant);
    const eventCount = tables.sources.reduce((sum, { runs }) => sum + runs.indexes.length, 0);
    const scan: FunnelScan = {
      ...tables,
      kind: 'funnel',
      shape: { stepCount: choices.length, withinMs, hasBars: choices.some(({ without }) => without !== undefined) },
      rowCount,
      members: members?.words,
      isListed: by !== undefined,
      chunks: stretchesOf(rowCount),
      control: newControl(),
      costNs: (eventCount * MERGE_EVENT_NS * rows.cardinality) / Math.max(1, rowCount) + rowCount,
    };
    const outcomes = await instant.scan(scan);
    if (by === undefined) return partOf(outcomes, []);
    const read = scalarReader(by.scalar, instant.data.memory.slabs);
    const grouped: GroupedJourneys[] = [];
    for (const { journeys } of outcomes) {
      if (journeys !== undefined) grouped.push(await group(journeys, read, by.isOfProfile, instant));
    }
    return partOf(outcomes, grouped);
  };
}

/** The steps up to the first that no event can fit. */
function reachable({ data, conditions }: Instant, { steps }: FunnelRequest): StepChoice[] {
  const choices: StepChoice[] = [];
  for (const step of steps) {
    const events = selectEvents(data, step, conditions);
    if (events === undefined) break;
    const without = step.without === undefined ? undefined : selectEvents(data, step.without, conditions);
    choices.push({ events, without, isFirst: false });
  }
  return choices;
}

function captureBy(
  { data, images, conditions }: Instant,
  { by }: FunnelRequest,
  first: StepChoice,
): { readonly scalar: CapturedScalar; readonly isOfProfile: boolean } | undefined {
  if (by === undefined) return undefined;
  if (typeof by === 'object' && 'property' in by) {
    const cells = cellsOf(propertySources(first.events.table, by.property, conditions), true);
    return { scalar: captureScalar(cells, images), isOfProfile: false };
  }
  const cells = traitCells(data.profiles, typeof by === 'string' ? by : by.trait);
  return { scalar: captureScalar(cells, images), isOfProfile: true };
}

function membersOf(rows: RowSet, rowCount: number): Members {
  return { words: rows.toWords(rowCount), count: rows.cardinality };
}

async function runScans<T>(work: Generator<Scan, T, unknown>, instant: Instant): Promise<T> {
  let step = work.next();
  while (step.done !== true) {
    await instant.scan(step.value);
    step = work.next();
  }
  return step.value;
}

async function group(
  journeys: Journeys,
  read: ScalarReader,
  isOfProfile: boolean,
  instant: Instant,
): Promise<GroupedJourneys> {
  const at = isOfProfile ? journeys.rows : journeys.starts;
  const groups = new Uint32Array(at.length);
  const values: GroupValue[] = [];
  const known = new Map<GroupValue, number>();
  for (let i = 0; i < at.length; i++) {
    if (i > 0 && i % GROUPED_PER_TURN === 0) await instant.pause();
    const value = read(at[i]);
    let found = known.get(value);
    if (found === undefined) {
      found = values.length;
      known.set(value, found);
      values.push(value);
    }
    groups[i] = found;
  }
  return { values, groups, journeys };
}

function partOf(outcomes: readonly FunnelOutcome[], grouped: readonly GroupedJourneys[]): FunnelPart {
  const depths = new Float64Array(outcomes[0].depths.length);
  for (const outcome of outcomes) {
    outcome.depths.forEach((count, depth) => {
      depths[depth] += count;
    });
  }
  const times = Array.from({ length: depths.length - 2 }, (_, i) =>
    outcomes.map((outcome) => ({ values: outcome.times[i], ends: undefined })),
  );
  return { depths, times, grouped };
}
