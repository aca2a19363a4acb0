/**
 * One question to one shard on its way. It is captured in one turn, which is the instant it answers for: bound, planned, its columns
 * captured, and whatever else its answer will need. What is too long for a turn is found on that first trial, done in slices,
 * and the question is captured again; so the instant is that of the last capture.
 *
 * Invariant: between `capture` and the answer a snapshot holds the captured pages. What is then done with the answer, until `close`, may
 * be cancelled and reads no page.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Snapshot } from '../../memory/slab-memory.ts';
import type { Expression } from '../../model/expression.ts';
import type { PastChoice, PastTraits } from '../../profile/history/past-traits.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { Deadline, WorkerPool } from '../../runtime/worker-pool.ts';
import { ExpressionBinder } from '../binder/bind-expression.ts';
import type { Chore, Chores } from '../binder/chores.ts';
import type { CodeSelector } from '../binder/code-selector.ts';
import type { Memberships } from '../binder/membership.ts';
import { namedTraits, pastChoiceOf } from '../binder/named-traits.ts';
import type { RunStore } from '../index/event-runs.ts';
import type { PastStore } from '../index/past-store.ts';
import type { ScalarTables } from '../index/scalar-tables.ts';
import { planOf } from '../planner/plan.ts';
import type { ValueIndexes } from '../planner/value-index.ts';
import type { Admission } from './admission.ts';
import { assertGoing } from './cancellation.ts';
import { drive } from './drive.ts';
import { Evaluator } from './evaluator.ts';
import { ExplainedSelection } from './explain.ts';
import { Instant, STALE } from './instant.ts';
import { OperatorCapture } from './operator.ts';
import { Pace, SLICE_NS } from './pace.ts';
import type { ScratchMemory } from './scratch-memory.ts';
import { Trace } from './trace.ts';

/** What all questions to a shard share. */
export interface ShardQuestionParts {
  readonly data: ShardData;
  readonly pool: WorkerPool | undefined;
  readonly selector: CodeSelector;
  readonly indexes: ValueIndexes;
  readonly runs: RunStore;
  readonly tables: ScalarTables;
  readonly scratch: ScratchMemory;
  readonly pasts: PastStore;
  readonly chores: Chores;
  readonly admission: Admission | undefined;
  /** Work (ns on one thread) from which scans go to workers. */
  readonly thresholdNs: number;
  /** Gives the event loop a turn between slices of work on this thread; absent = it is done in one go. */
  readonly yieldTurn: (() => Promise<void>) | undefined;
  /** For `explain`: durations. */
  readonly monotonicMs: (() => number) | undefined;
  /** Brings data that are derived from others up to date. */
  readonly beforeCapture: (() => void) | undefined;
}

export interface SelectOptions {
  readonly nowMs: number;
  readonly atMs?: number | undefined;
  /** Traits that are looked at beside those of the condition; to be named with `atMs`, since only named ones are brought back. */
  readonly traits?: ReadonlySet<string> | undefined;
  /** Rows of the conditions that no shard answers alone. */
  readonly memberships?: Memberships | undefined;
  /** Aborted with a TimeoutError = query_timeout, else query_cancelled. */
  readonly signal?: CancelSignal | undefined;
  /** From the call on. */
  readonly timeoutMs?: number | undefined;
  /** Names of the optimizer's passes that are left out. */
  readonly passesOff?: readonly string[] | undefined;
  /** Given the plan and what it did, when the rows are there. */
  readonly explain?: ((selection: ExplainedSelection) => void) | undefined;
}

export type Finish<T> = (rows: RowSet) => T | typeof STALE | Promise<T | typeof STALE>;
/** Takes images of all that the answer will need, in the turn of the question; what it returns is called with the selected rows. */
export type Capture<T> = (instant: Instant) => Finish<T>;

interface Captured<T> {
  readonly instant: Instant;
  readonly evaluate: () => RowSet | Promise<RowSet>;
  readonly finish: Finish<T>;
  readonly snapshot: Snapshot;
}

/** Chains followed on this thread when workers could scan instead. */
const PROBE_NS_MAX = 5_000_000;
/** Trials after which a question is captured whatever that takes: writers may be faster than the slices. */
const TRIAL_COUNT_MAX = 6;

export class ShardQuestion<T> {
  readonly #parts: ShardQuestionParts;
  readonly #expression: Expression;
  readonly #options: SelectOptions;
  readonly #capture: Capture<T>;
  readonly #deadline: Deadline | undefined;
  readonly #signal: CancelSignal | undefined;
  readonly #pace = new Pace();
  readonly #choice: PastChoice | undefined;
  #past: PastTraits | undefined;
  #captured: Captured<T> | undefined;
  #chores: readonly Chore[] = [];
  #trialCount = 0;
  #needsAdmission = false;
  #isAdmitted = false;

  constructor(parts: ShardQuestionParts, expression: Expression, options: SelectOptions, capture: Capture<T>) {
    this.#parts = parts;
    this.#expression = expression;
    this.#options = options;
    this.#capture = capture;
    this.#choice = pastChoiceOf(options.atMs, namedTraits(expression, new Set(options.traits)));
    this.#deadline = parts.pool?.deadline(options.signal, options.timeoutMs);
    this.#signal = this.#deadline?.signal ?? options.signal;
  }

  /** Captures it as of this turn. False: there is something to `prepare` first. Errors: query_timeout, query_cancelled. */
  capture(): boolean {
    this.#release();
    assertGoing(this.#signal);
    const { data, selector, pool, thresholdNs, yieldTurn, chores, runs, tables, pasts } = this.#parts;
    this.#parts.beforeCapture?.();
    const { nowMs, atMs, memberships } = this.#options;
    this.#trialCount += 1;
    const isLast = yieldTurn === undefined || this.#trialCount > TRIAL_COUNT_MAX;
    chores.begin(isLast ? Number.POSITIVE_INFINITY : SLICE_NS);
    try {
      const before = this.#past;
      this.#past = this.#choice === undefined ? undefined : pasts.hold(this.#choice);
      if (before !== undefined) pasts.release(before);
      const moment = { nowMs, atMs, memberships, past: this.#past?.profiles };
      const instant = new Instant({ data, selector, pool, moment, thresholdNs, yieldTurn, runs, tables });
      instant.signal = this.#signal;
      instant.captureSelection = (expression) => this.#captureSelection(instant, expression, undefined);
      const evaluate = this.#captureSelection(instant, this.#expression, this.#options.explain);
      const finish = this.#capture(instant);
      this.#chores = chores.end();
      if (this.#chores.length > 0 || (this.#needsAdmission && !this.#isAdmitted)) return false;
      this.#captured = { instant, evaluate, finish, snapshot: data.memory.snapshot() };
      return true;
    } finally {
      chores.end();
    }
  }

  /** Does what the last trial found to be too long for a turn. Errors: overloaded, query_timeout, query_cancelled. */
  async prepare(): Promise<void> {
    const { admission, yieldTurn } = this.#parts;
    if (admission !== undefined && !this.#isAdmitted) {
      await admission.enter(this.#signal);
      this.#isAdmitted = true;
    }
    for (const chore of this.#chores) {
      while (!chore.work(SLICE_NS)) {
        await yieldTurn?.();
        assertGoing(this.#signal);
      }
      // Each may have been a whole slice.
      await yieldTurn?.();
      assertGoing(this.#signal);
    }
    this.#chores = [];
  }

  /** The answer as of the last capture; as of a later one where a dictionary was renumbered meanwhile. */
  async finish(): Promise<T> {
    for (;;) {
      const { evaluate, finish } = this.#captured!;
      const answer = await finish(await evaluate());
      if (answer !== STALE) {
        this.#release();
        return answer as T;
      }
      while (!this.capture()) await this.prepare();
    }
  }

  /** Notes work on what was answered; a promise when it is time for a turn. Errors: query_timeout, query_cancelled. */
  spend(costNs: number): Promise<void> | undefined {
    const { yieldTurn } = this.#parts;
    if (!this.#pace.spend(costNs)) return undefined;
    return yieldTurn?.().then(() => assertGoing(this.#signal));
  }

  /** However it ended. */
  close(): void {
    this.#release();
    if (this.#past !== undefined) this.#parts.pasts.release(this.#past);
    this.#past = undefined;
    this.#deadline?.clear();
    this.leaveLine();
  }

  /** What is still done with the answer does not keep other large questions waiting. */
  leaveLine(): void {
    if (this.#isAdmitted) this.#parts.admission?.leave();
    this.#isAdmitted = false;
  }

  #release(): void {
    if (this.#captured !== undefined) this.#parts.data.memory.release(this.#captured.snapshot);
    this.#captured = undefined;
  }

  #captureSelection(
    instant: Instant,
    expression: Expression,
    explain: SelectOptions['explain'],
  ): () => RowSet | Promise<RowSet> {
    const { data, selector, indexes, pool, thresholdNs, admission, monotonicMs, scratch } = this.#parts;
    const { passesOff } = this.#options;
    const { rowCount, images } = instant;
    const bound = new ExpressionBinder(data, selector, instant.moment).bind(expression);
    const plan = planOf(bound, { indexes, rowCount, off: passesOff });
    const { root, switches } = plan;
    const isLarge = pool !== undefined && root.costNs >= thresholdNs;
    this.#needsAdmission ||= isLarge && admission !== undefined;
    const operator = new OperatorCapture({ rowCount, images, switches }).capture(root);
    const trace = explain === undefined ? undefined : new Trace(monotonicMs ?? (() => 0));
    const evaluator = new Evaluator({
      rowCount,
      slabs: data.memory.slabs,
      switches,
      pace: instant.pace,
      threadCount: pool?.threadCount ?? 1,
      scratch,
      probeNsMax: isLarge ? PROBE_NS_MAX : Number.POSITIVE_INFINITY,
      trace,
    });
    // Rows of profiles that are gone: scans and indexes know nothing of them.
    const dead = data.hasDead ? data.deadRows() : undefined;
    const living = (rows: RowSet): RowSet => (dead === undefined ? rows : rows.andNot(dead));
    if (explain === undefined || trace === undefined) {
      return () => {
        const rows = drive(evaluator.evaluateWhole(operator, instant.isSizeEnough && dead === undefined), instant);
        return rows instanceof Promise ? rows.then(living) : living(rows);
      };
    }
    return async () => {
      const rows = living(await drive(evaluator.evaluate(operator), instant));
      explain(new ExplainedSelection(instant.data, plan, operator, trace));
      return rows;
    };
  }
}
