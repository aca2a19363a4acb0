/**
 * Questions to one shard. A question is bound, planned and captured in one turn: that is the instant it answers for. If little
 * is left to do, it is answered in the same turn; else a snapshot holds the captured pages while workers scan, or this thread
 * goes on in later turns, and the shard goes on writing.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/expression.ts';
import type { PastTraits } from '../../profile/history/past-traits.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import { ExpressionBinder } from '../binder/bind-expression.ts';
import { Chores } from '../binder/chores.ts';
import { CodeSelector } from '../binder/code-selector.ts';
import { namedTraits, pastChoiceOf } from '../binder/named-traits.ts';
import { assertSupported } from '../binder/supported.ts';
import { RunStore } from '../index/event-runs.ts';
import { PastStore } from '../index/past-store.ts';
import { ScalarTables } from '../index/scalar-tables.ts';
import { planOf } from '../planner/plan.ts';
import { ValueIndexes } from '../planner/value-index.ts';
import type { Admission } from './admission.ts';
import { assertGoing } from './cancellation.ts';
import { SLICE_NS, type Spend } from './pace.ts';
import { countInSample } from './sample.ts';
import { ScratchMemory } from './scratch-memory.ts';
import { type Capture, type SelectOptions, ShardQuestion, type ShardQuestionParts } from './shard-question.ts';

export type { SelectOptions } from './shard-question.ts';

export interface ShardQueryOptions {
  /** The seed of the shard's dictionaries (texts are found by hash); without it equality walks dictionaries. */
  readonly hashSeed?: number | undefined;
  /** Memory for bitmaps over trait values. */
  readonly indexSizeBytesMax?: number | undefined;
  /** Memory for answers of dictionaries to text, date and array tests. */
  readonly selectionSizeBytesMax?: number | undefined;
  /** Memory for runs of events: each profile's in order. */
  readonly runSizeBytesMax?: number | undefined;
  /** Memory for scalars by code, for distinct values. */
  readonly tableSizeBytesMax?: number | undefined;
  /** Work (ns on one thread) from which scans go to workers. */
  readonly workerThresholdNs?: number | undefined;
  /** Gives the event loop a turn between slices of work on this thread; absent = it is done in one go. */
  readonly yieldTurn?: (() => Promise<void>) | undefined;
  /** For `explain`: durations. */
  readonly monotonicMs?: (() => number) | undefined;
  /** Called in the turn of every capture, before it. */
  readonly beforeCapture?: (() => void) | undefined;
  /** Bounds how many large questions are worked on at a time, over all shards. */
  readonly admission?: Admission | undefined;
}

const DEFAULT_INDEX_SIZE_BYTES = 256 * 1024 * 1024;
const DEFAULT_SELECTION_SIZE_BYTES = 64 * 1024 * 1024;
const DEFAULT_TABLE_SIZE_BYTES = 64 * 1024 * 1024;
const DEFAULT_PAST_SIZE_BYTES = 256 * 1024 * 1024;
const DEFAULT_RUN_SIZE_BYTES = 256 * 1024 * 1024;
/** Some hundred thousand elements, half a millisecond in truth; handing over costs 60 µs a worker. */
const DEFAULT_WORKER_THRESHOLD_NS = 150_000;

export class ShardQuery {
  readonly #parts: ShardQuestionParts;

  constructor(data: ShardData, pool: WorkerPool | undefined, options: ShardQueryOptions = {}) {
    const chores = new Chores();
    const { indexSizeBytesMax, selectionSizeBytesMax } = options;
    this.#parts = {
      data,
      pool,
      chores,
      selector: new CodeSelector(options.hashSeed, selectionSizeBytesMax ?? DEFAULT_SELECTION_SIZE_BYTES, chores),
      indexes: new ValueIndexes(indexSizeBytesMax ?? DEFAULT_INDEX_SIZE_BYTES, chores),
      tables: new ScalarTables(options.tableSizeBytesMax ?? DEFAULT_TABLE_SIZE_BYTES, chores),
      pasts: new PastStore(data, DEFAULT_PAST_SIZE_BYTES, chores),
      runs: new RunStore(options.runSizeBytesMax ?? DEFAULT_RUN_SIZE_BYTES),
      scratch: new ScratchMemory(),
      admission: options.admission,
      thresholdNs: options.workerThresholdNs ?? DEFAULT_WORKER_THRESHOLD_NS,
      yieldTurn: pool === undefined ? undefined : options.yieldTurn,
      monotonicMs: options.monotonicMs,
      beforeCapture: options.beforeCapture,
    };
  }

  get memoryBytes(): number {
    const { indexes, selector, runs, tables, scratch } = this.#parts;
    return scratch.sizeBytes + indexes.sizeBytes + selector.usedBytes + runs.sizeBytes + tables.sizeBytes;
  }

  /** The rows of the profiles for which the expression holds, as of the moment of the call. */
  select(expression: Expression, options: SelectOptions): Promise<RowSet> {
    return this.run(expression, options, () => (rows) => rows);
  }

  /**
   * One question at one instant. `capture` is called in the turn of the call, together with the binding of the condition (again in a
   * later turn where something had to be prepared). What it returns is called with the selected rows, while a snapshot holds what it took.
   */
  async run<T>(expression: Expression, options: SelectOptions, capture: Capture<T>): Promise<T> {
    return askTogether([this.question(expression, options, capture)], ([answer]) => answer);
  }

  /** A question that is not captured yet; to be closed. Errors: query_unsupported. */
  question<T>(expression: Expression, options: SelectOptions, capture: Capture<T>): ShardQuestion<T> {
    assertSupported(expression, options.atMs);
    return new ShardQuestion(this.#parts, expression, options, capture);
  }

  /** Whether the condition is answered by bitmaps that are there already. */
  isAnsweredByBitmaps(expression: Expression, { nowMs, atMs, memberships, passesOff }: SelectOptions): boolean {
    assertSupported(expression, atMs);
    const { data, selector, indexes, chores, pasts } = this.#parts;
    const choice = pastChoiceOf(atMs, namedTraits(expression));
    chores.begin(SLICE_NS);
    const past = choice === undefined ? undefined : pasts.hold(choice);
    try {
      const moment = { nowMs, atMs, memberships, past: past?.profiles };
      const bound = new ExpressionBinder(data, selector, moment).bind(expression);
      const { root } = planOf(bound, { indexes, rowCount: data.profiles.count, off: passesOff });
      return chores.end().length === 0 && root.costNs === 0;
    } finally {
      chores.end();
      if (past !== undefined) pasts.release(past);
    }
  }

  /** How many of `count` profiles, drawn at random from the seed, fit. Errors: query_timeout, query_cancelled. */
  async sample(expression: Expression, options: SelectOptions, count: number, seed: number): Promise<number> {
    const { data, pool, yieldTurn, pasts } = this.#parts;
    const { nowMs, atMs, memberships } = options;
    const deadline = pool?.deadline(options.signal, options.timeoutMs);
    const signal = deadline?.signal ?? options.signal;
    const choice = pastChoiceOf(atMs, namedTraits(expression));
    let past: PastTraits | undefined;
    try {
      if (choice !== undefined) {
        past = await pasts.holdInSlices(choice, async () => {
          await yieldTurn?.();
          assertGoing(signal);
        });
      }
      const moment = { nowMs, atMs, memberships, past: past?.profiles };
      return await countInSample(data, expression, { ...moment, count, seed, signal, yieldTurn });
    } finally {
      if (past !== undefined) pasts.release(past);
      deadline?.clear();
    }
  }

  /** Lets go of the change logs it listens to. */
  close(): void {
    this.#parts.indexes.close();
    this.#parts.pasts.clear();
    this.#parts.runs.clear();
    this.#parts.tables.clear();
    this.#parts.scratch.clear();
    this.#parts.selector.clear();
  }
}

/**
 * Asks questions that are captured in one turn, however long some of them need to prepare; and closes them. `merge` makes one answer out
 * of theirs, and may be cancelled or run out of time as they may. `onCaptured` is called in the turn of the instant.
 */
export async function askTogether<T, R>(
  questions: readonly ShardQuestion<T>[],
  merge: (answers: readonly T[], spend: Spend) => R | Promise<R>,
  onCaptured?: (() => void) | undefined,
): Promise<R> {
  try {
    for (;;) {
      const unready = questions.filter((question) => !question.capture());
      if (unready.length === 0) break;
      await allEnded(unready.map((question) => question.prepare()));
    }
    onCaptured?.();
    const answers = await allEnded(questions.map((question) => question.finish()));
    return await merge(answers, (costNs) => questions[0].spend(costNs));
  } finally {
    for (const question of questions) question.close();
  }
}

/** Waits for all, also when one fails: nothing of them is under way any more then. */
export async function allEnded<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(answers);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}
