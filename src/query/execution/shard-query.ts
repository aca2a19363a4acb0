/**
 * Questions to one shard. A query is bound, planned and captured in one turn: that is the instant it answers for. If little
 * is left to scan, it is answered in the same turn; else a snapshot holds the captured pages while workers scan and the
 * shard goes on writing.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/query.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import { ExpressionBinder } from '../binder/bind-expression.ts';
import { CodeSelector } from '../binder/code-selector.ts';
import { assertSupported } from '../binder/supported.ts';
import { costNsOf, Planner } from '../planner/plan.ts';
import { ValueIndexes } from '../planner/value-index.ts';
import { mergeStates } from './accumulator.ts';
import { assertGoing } from './cancellation.ts';
import { Instant, STALE } from './instant.ts';
import { captureOperator, type Evaluation, Evaluator } from './operator.ts';

export interface ShardQueryOptions {
  /** The seed of the shard's dictionaries (texts are found by hash); without it equality walks dictionaries. */
  readonly hashSeed?: number | undefined;
  /** Memory for bitmaps over trait values. */
  readonly indexSizeBytesMax?: number | undefined;
  /** Memory for answers of dictionaries to text, date and array tests. */
  readonly selectionSizeBytesMax?: number | undefined;
  /** Work (ns on one thread) from which scans go to workers. */
  readonly workerThresholdNs?: number | undefined;
}

export interface SelectOptions {
  readonly nowMs: number;
  readonly atMs?: number | undefined;
  /** Aborted with a TimeoutError = query_timeout, else query_cancelled. */
  readonly signal?: AbortSignal | undefined;
  /** From the call on; holds while workers scan. */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_INDEX_SIZE_BYTES = 256 * 1024 * 1024;
const DEFAULT_SELECTION_SIZE_BYTES = 64 * 1024 * 1024;
/** A half million elements; handing over costs 60 µs, and until then lookups wait no longer than that. */
const DEFAULT_WORKER_THRESHOLD_NS = 500_000;
/** Chains followed on this thread in one go when workers could scan instead. */
const PROBE_NS_MAX = 5_000_000;

export class ShardQuery {
  readonly #data: ShardData;
  readonly #pool: WorkerPool | undefined;
  readonly #selector: CodeSelector;
  readonly #indexes: ValueIndexes;
  readonly #thresholdNs: number;

  constructor(data: ShardData, pool: WorkerPool | undefined, options: ShardQueryOptions = {}) {
    this.#data = data;
    this.#pool = pool;
    this.#selector = new CodeSelector(options.hashSeed, options.selectionSizeBytesMax ?? DEFAULT_SELECTION_SIZE_BYTES);
    this.#indexes = new ValueIndexes(options.indexSizeBytesMax ?? DEFAULT_INDEX_SIZE_BYTES);
    this.#thresholdNs = options.workerThresholdNs ?? DEFAULT_WORKER_THRESHOLD_NS;
  }

  get memoryBytes(): number {
    return this.#indexes.sizeBytes + this.#selector.usedBytes;
  }

  /** The rows of the profiles for which the expression holds, as of the moment of the call. */
  select(expression: Expression, options: SelectOptions): Promise<RowSet> {
    return this.run(expression, options, () => (rows) => rows);
  }

  /**
   * One question at one instant. `capture` is called in the turn of the call, together with the binding of the condition: it takes
   * images of all it will need. What it returns is called with the selected rows, while a snapshot holds those images.
   */
  async run<T>(
    expression: Expression,
    options: SelectOptions,
    capture: (instant: Instant) => (rows: RowSet) => T | typeof STALE | Promise<T | typeof STALE>,
  ): Promise<T> {
    assertSupported(expression, options.atMs);
    for (;;) {
      assertGoing(options.signal);
      const instant = new Instant({
        data: this.#data,
        selector: this.#selector,
        pool: this.#pool,
        moment: { nowMs: options.nowMs, atMs: options.atMs },
        thresholdNs: this.#thresholdNs,
      });
      const evaluate = this.#captureSelection(expression, instant);
      const finish = capture(instant);
      const answer = await this.#withSnapshot(options, async (signal) => {
        instant.signal = signal;
        const rows = await evaluate();
        return finish(rows);
      });
      if (answer !== STALE) return answer as T;
    }
  }

  #captureSelection(expression: Expression, instant: Instant): () => RowSet | Promise<RowSet> {
    const { rowCount, images } = instant;
    const bound = new ExpressionBinder(this.#data, this.#selector, instant.moment).bind(expression);
    const plan = new Planner(this.#indexes, rowCount).plan(bound);
    if (plan.kind === 'rows') return () => plan.rows;
    const operator = captureOperator(plan, rowCount, images);
    if (this.#pool === undefined || costNsOf(plan) < this.#thresholdNs) {
      return () => finishHere(new Evaluator(rowCount, Infinity).evaluate(operator), instant);
    }
    return () => finishOnWorkers(new Evaluator(rowCount, PROBE_NS_MAX).evaluate(operator), instant);
  }

  /** Lets go of the change logs it listens to. */
  close(): void {
    this.#indexes.close();
    this.#selector.clear();
  }

  /** Taken in the turn of the capture: from here on the captured pages do not change. */
  async #withSnapshot<T>(options: SelectOptions, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    const { memory } = this.#data;
    const snapshot = memory.snapshot();
    const deadline = this.#pool?.deadline(options.signal, options.timeoutMs);
    try {
      return await work(deadline?.signal ?? options.signal);
    } finally {
      deadline?.clear();
      memory.release(snapshot);
    }
  }
}

function finishHere(evaluation: Evaluation, instant: Instant): RowSet {
  let step = evaluation.next();
  while (step.done !== true) step = evaluation.next(instant.scanHere(step.value));
  return step.value;
}

async function finishOnWorkers(evaluation: Evaluation, instant: Instant): Promise<RowSet> {
  let step = evaluation.next();
  while (step.done !== true) {
    const scan = step.value;
    if (scan.kind === 'measure') {
      step = evaluation.next(mergeStates(scan.measure, await instant.scan(scan)));
    } else {
      await instant.scan(scan);
      step = evaluation.next(undefined);
    }
    assertGoing(instant.signal);
  }
  return step.value;
}
