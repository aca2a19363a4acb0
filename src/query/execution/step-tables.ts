/**
 * The tables of a sequence or a funnel: captured in the turn of the question, then brought into runs. Which runs is a matter of cost:
 * those of the whole table that are kept, with what came since beside them; or, for a narrow window, a selective `where` or few profiles,
 * only the events that matter, made for this question alone.
 */
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { EventSelection } from '../binder/bound-expression.ts';
import type { TimeRange } from '../binder/window.ts';
import { usesOf } from '../evaluation/sequence-use.ts';
import type { EventRuns } from '../index/event-runs.ts';
import { buildRuns, type RunInput } from './build-runs.ts';
import { readsProfiles } from './chain-rows.ts';
import { newControl } from './chunk-claim.ts';
import { captureSerials } from './column-image.ts';
import type { ArrivalImage, MergeSource } from './event-merge.ts';
import type { StepTables } from './event-steps.ts';
import type { ImageSet } from './image-set.ts';
import { windowChunks } from './measure-scan.ts';
import { type Program, programOf } from './program.ts';
import type { Scan } from './scan.ts';

export interface StepChoice {
  readonly events: EventSelection;
  readonly without: EventSelection | undefined;
  /** The first event ever is asked for: so the window does not hide what was before. */
  readonly isFirst: boolean;
}

interface CapturedUse {
  readonly step: number;
  readonly isBar: boolean;
  readonly where: Program;
}

interface CapturedTable {
  readonly table: EventTable;
  readonly eventCount: number;
  readonly input: Pick<RunInput, 'rows' | 'times'>;
  readonly arrivals: ArrivalImage;
  readonly range: TimeRange;
  readonly uses: readonly CapturedUse[];
  readonly kept: EventRuns | undefined;
}

export interface CapturedSteps {
  readonly tables: readonly CapturedTable[];
  readonly stepTables: Int32Array;
  readonly rowCount: number;
  readonly images: ImageSet;
  /** Profiles are written over: in a later turn only images of them are what they were at the instant. */
  readonly readsProfiles: boolean;
}

/** Profiles that are asked for; absent = all. */
export interface Members {
  readonly words: Uint32Array;
  readonly count: number;
}

export function captureSteps(
  steps: readonly StepChoice[],
  range: TimeRange,
  rowCount: number,
  images: ImageSet,
): CapturedSteps {
  const used = usesOf(steps);
  const tables = used.map(({ table, uses }): CapturedTable => {
    const isWhole = uses.some(({ kind, step }) => kind === 'step' && steps[step].isFirst);
    return {
      table,
      eventCount: table.eventCount,
      input: { rows: images.image(table.rows), times: images.image(table.times) },
      arrivals: { numbers: captureSerials(table.arrivals), bases: images.image(table.arrivals.bases) },
      range: isWhole ? { fromMs: -Infinity, untilMs: range.untilMs } : range,
      uses: uses.map(({ kind, step, events }) => ({
        step,
        isBar: kind === 'bar',
        where: programOf(events.where, images),
      })),
      kept: images.runs?.find(table),
    };
  });
  const stepTables = Int32Array.from(steps, ({ events }) => used.findIndex(({ table }) => table === events.table));
  const isReading = used.some(({ uses }) => uses.some(({ events }) => readsProfiles(events.where)));
  return { tables, stepTables, rowCount, images, readsProfiles: isReading };
}

/** Yields scans whose results are in shared memory. */
export function* prepareSteps(
  { tables, stepTables, rowCount, images }: CapturedSteps,
  members: Members | undefined,
): Generator<Scan, StepTables, unknown> {
  const sources: MergeSource[] = [];
  const bits: Uint32Array[] = [];
  const useBits: number[] = [];
  for (let at = 0; at < tables.length; at++) {
    const captured = tables[at];
    const { eventCount, range, uses } = captured;
    const where = anyOf(uses);
    const base = { ...captured.input, firstEvent: 0, eventCount, rowCount, range, where, members: members?.words };
    const plan = choose(captured, where, members, rowCount, images);
    let isFiltered = false;
    if (plan === 'select') {
      sources.push({ runs: yield* buildRuns(base), table: at, fromMs: -Infinity, untilMs: Infinity });
      isFiltered = true;
    } else {
      let runs = captured.kept;
      if (plan === 'make' || runs === undefined) {
        runs = yield* buildRuns({ ...base, range: EVER, where: ALL, members: undefined });
        images.runs?.keep(captured.table, runs);
      } else if (runs.eventCount < eventCount) {
        const tail = yield* buildRuns({ ...base, firstEvent: runs.eventCount, where: ALL });
        sources.push({ runs: tail, table: at, fromMs: -Infinity, untilMs: Infinity });
      }
      sources.push({ runs, table: at, fromMs: range.fromMs, untilMs: range.untilMs });
    }
    for (const use of uses) {
      const isKnown = isConstant(use.where) || (isFiltered && uses.length === 1);
      useBits.push(isKnown ? -1 : bits.length);
      if (!isKnown) bits.push(yield* fitting(captured, use.where));
    }
  }
  const uses = tables.flatMap((table) => table.uses);
  return {
    sources,
    arrivals: tables.map(({ arrivals }) => arrivals),
    useStarts: Int32Array.from(startsOf(tables.map((table) => table.uses.length))),
    useSteps: Int32Array.from(uses, ({ step }) => step),
    useBars: Uint8Array.from(uses, ({ isBar }) => (isBar ? 1 : 0)),
    useBits: Int32Array.from(useBits),
    bits,
    stepTables,
  };
}

const ALL: Program = { kind: 'constant', value: true };
const EVER: TimeRange = { fromMs: -Infinity, untilMs: Infinity };

/** To look at an event, to sort it into its run, and to pass over one that is in its run already. */
const LOOK_NS = 1.5;
const SORT_NS = 9;
const PASS_NS = 2;

/**
 * `select`: runs of what passes, for this question alone. `keep`: those that are kept. `make`: of the whole table, to be kept: where most
 * events pass anyway, or where questions have lost by now what it costs.
 */
function choose(
  { table, eventCount, input, range, kept }: CapturedTable,
  where: Program,
  members: Members | undefined,
  rowCount: number,
  images: ImageSet,
): 'select' | 'keep' | 'make' {
  const share = members === undefined ? 1 : members.count / Math.max(1, rowCount);
  const windowCount = Math.min(eventCount, windowChunks(input.times, range).length * CHUNK_ROWS);
  if (kept !== undefined) {
    const tailCount = Math.min(eventCount - kept.eventCount, windowCount);
    const keptNs = kept.eventCount * share * PASS_NS + tailCount * (LOOK_NS + SORT_NS * share);
    return keptNs <= windowCount * (LOOK_NS + SORT_NS * share) ? 'keep' : 'select';
  }
  const { runs } = images;
  if (runs === undefined || !runs.hasRoomFor(eventCount, rowCount)) return 'select';
  if (isConstant(where) && share > 0.5 && windowCount * 2 > eventCount) return 'make';
  const selectNs = windowCount * (LOOK_NS + SORT_NS * share);
  const lostNs = Math.max(0, selectNs - eventCount * share * PASS_NS);
  return runs.isWorthMaking(table, lostNs, eventCount * (LOOK_NS + SORT_NS)) ? 'make' : 'select';
}

function isConstant(program: Program): boolean {
  return program.kind === 'constant';
}

/** Whether an event is of any use. */
function anyOf(uses: readonly CapturedUse[]): Program {
  if (uses.some(({ where }) => isConstant(where))) return ALL;
  return uses.length === 1 ? uses[0].where : { kind: 'or', of: uses.map(({ where }) => where) };
}

/** A bit for each event in the window. */
function* fitting(
  { eventCount, input, range }: CapturedTable,
  program: Program,
): Generator<Scan, Uint32Array, unknown> {
  const words = new Uint32Array(new SharedArrayBuffer(wordCountOf(eventCount) * 4));
  const chunks = windowChunks(input.times, range);
  yield { kind: 'rows', program, rowCount: eventCount, candidates: undefined, words, chunks, control: newControl() };
  return words;
}

function startsOf(counts: readonly number[]): number[] {
  const starts = [0];
  for (const count of counts) starts.push(starts[starts.length - 1] + count);
  return starts;
}
