/**
 * One question at one instant of one shard. What is captured from it (images of columns, plans, scans) is captured in the
 * turn in which it was made; from then on the shard may write, because `ShardQuery.run` holds a snapshot until the answer is there.
 *
 * Invariant: nothing reads a live column that can be overwritten after that turn; only images, and append-only structures up
 * to the lengths taken at the instant.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/expression.ts';
import type { ProfileTable } from '../../profile/profile-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import { ConditionBinder } from '../binder/bind-condition.ts';
import type { Moment } from '../binder/bind-events.ts';
import type { CodeSelector } from '../binder/code-selector.ts';
import type { RunStore } from '../index/event-runs.ts';
import type { ScalarTables } from '../index/scalar-tables.ts';
import { assertGoing } from './cancellation.ts';
import { ImageSet } from './image-set.ts';
import { inSlices, Pace } from './pace.ts';
import type { Scan, ScanOutcome } from './scan.ts';
import { ScanRunner, scanCostNs } from './scan-runner.ts';

/** What a `finish` answers when a dictionary that it needs was renumbered since: the question is captured again. */
export const STALE = Symbol('stale');

/** What questions read of a shard; traits and instants are those of the question's moment. */
export type QuestionData = Pick<ShardData, 'memory' | 'profiles' | 'tables' | 'tableOf'>;

export interface InstantOptions {
  readonly data: ShardData;
  readonly selector: CodeSelector;
  readonly pool: WorkerPool | undefined;
  readonly moment: Moment;
  /** Work (ns on one thread) from which a scan goes to workers. */
  readonly thresholdNs: number;
  /** Where runs of events are kept. */
  readonly runs?: RunStore | undefined;
  /** Where scalars by code are kept. */
  readonly tables?: ScalarTables | undefined;
  /** Gives the event loop a turn; absent = work on this thread is done in one go. */
  readonly yieldTurn?: (() => Promise<void>) | undefined;
}

export class Instant {
  readonly data: QuestionData;
  readonly selector: CodeSelector;
  readonly moment: Moment;
  /** What the language calls now: `at`, or the time of the question. */
  readonly nowMs: number;
  readonly rowCount: number;
  readonly conditions: ConditionBinder;
  /** Capture through this only in the turn of the instant. */
  readonly images: ImageSet;
  /** Aborted when the caller left or the time ran out. */
  signal: CancelSignal | undefined;
  /** Of the selected rows no more is asked than how many; set by whoever captures. */
  isSizeEnough = false;
  /** The rows of one more condition, as of this instant; set by whoever asks. */
  captureSelection: ((expression: Expression) => () => RowSet | Promise<RowSet>) | undefined;
  readonly #runner: ScanRunner;
  readonly #pool: WorkerPool | undefined;
  readonly #thresholdNs: number;
  readonly #yieldTurn: (() => Promise<void>) | undefined;
  /** Of all work on this thread for the question. */
  readonly pace = new Pace();

  constructor({ data, selector, pool, moment, thresholdNs, yieldTurn, runs, tables }: InstantOptions) {
    this.data = moment.past === undefined ? data : dataAt(data, moment.past);
    this.selector = selector;
    this.moment = moment;
    this.nowMs = moment.atMs ?? moment.nowMs;
    this.rowCount = data.profiles.count;
    this.conditions = new ConditionBinder(selector, this.nowMs, this.data.profiles);
    this.images = new ImageSet(runs, tables);
    this.#runner = new ScanRunner(data.memory.slabs, pool);
    this.#pool = pool;
    this.#thresholdNs = thresholdNs;
    this.#yieldTurn = yieldTurn;
  }

  /** Notes work on this thread; a promise when it is time for a turn. Errors: query_timeout, query_cancelled. */
  spend(costNs: number): Promise<void> | undefined {
    return this.pace.spend(costNs) ? this.pause() : undefined;
  }

  /** A turn for everybody else; undefined where everything is done in one go. Errors: query_timeout, query_cancelled. */
  pause(): Promise<void> | undefined {
    return this.#yieldTurn?.().then(() => assertGoing(this.signal));
  }

  /** Work on this thread, with turns between its slices; `steps` yields what each piece cost. Errors: query_timeout, query_cancelled. */
  inSlices<T>(steps: Generator<number, T, void>): Promise<T> {
    return inSlices(steps, (costNs) => this.spend(costNs));
  }

  isForWorkers(scan: Scan): boolean {
    return this.#pool !== undefined && scanCostNs(scan) >= this.#thresholdNs;
  }

  scanHere<S extends Scan>(scan: S): ScanOutcome<S> {
    return this.#runner.runHere(scan);
  }

  /** Here in slices or on workers, whichever is the better; one outcome a worker, in the order of the workers' shares. Errors: query_timeout, query_cancelled. */
  async scan<S extends Scan>(scan: S): Promise<readonly ScanOutcome<S>[]> {
    if (!this.isForWorkers(scan)) return [await this.inSlices(this.#runner.stepsHere(scan))];
    const outcomes = await this.#runner.runOnWorkers(scan, this.signal);
    assertGoing(this.signal);
    return outcomes;
  }
}

function dataAt(data: ShardData, past: ProfileTable): QuestionData {
  return { memory: data.memory, tables: data.tables, tableOf: (name) => data.tableOf(name), profiles: past };
}
