/**
 * Questions to one shard. A query is bound, planned and captured in one turn: that is the instant it answers for. If little
 * is left to do, it is answered in the same turn; else a snapshot holds the captured pages while workers scan, or this thread
 * goes on in later turns, and the shard goes on writing.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/query.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import { ExpressionBinder } from '../binder/bind-expression.ts';
import { CodeSelector } from '../binder/code-selector.ts';
import { assertSupported } from '../binder/supported.ts';
import { planOf } from '../planner/plan.ts';
import { ValueIndexes } from '../planner/value-index.ts';
import { assertGoing } from './cancellation.ts';
import { drive } from './drive.ts';
import { Evaluator } from './evaluator.ts';
import { Instant, STALE } from './instant.ts';
import { OperatorCapture } from './operator.ts';

export interface ShardQueryOptions {
  /** The seed of the shard's dictionaries (texts are found by hash); without it equality walks dictionaries. */
  readonly hashSeed?: number | undefined;
  /** Memory for bitmaps over trait values. */
  readonly indexSizeBytesMax?: number | undefined;
  /** Memory for answers of dictionaries to text, date and array tests. */
  readonly selectionSizeBytesMax?: number | undefined;
  /** Work (ns on one thread) from which scans go to workers. */
  readonly workerThresholdNs?: number | undefined;
  /** Gives the event loop a turn between slices of work on this thread; absent = it is done in one go. */
  readonly yieldTurn?: (() => Promise<void>) | undefined;
}

export interface SelectOptions {
  readonly nowMs: number;
  readonly atMs?: number | undefined;
  /** Aborted with a TimeoutError = query_timeout, else query_cancelled. */
  readonly signal?: AbortSignal | undefined;
  /** From the call on; holds while workers scan. */
  readonly timeoutMs?: number | undefined;
  /** Names of the optimizer's passes that are left out. */
  readonly passesOff?: readonly string[] | undefined;
}

const DEFAULT_INDEX_SIZE_BYTES = 256 * 1024 * 1024;
const DEFAULT_SELECTION_SIZE_BYTES = 64 * 1024 * 1024;
/** A half million elements; handing over costs 60 µs, and until then lookups wait no longer than that. */
const DEFAULT_WORKER_THRESHOLD_NS = 500_000;
/** Chains followed on this thread when workers could scan instead. */
const PROBE_NS_MAX = 5_000_000;

export class ShardQuery {
  readonly #data: ShardData;
  readonly #pool: WorkerPool | undefined;
  readonly #selector: CodeSelector;
  readonly #indexes: ValueIndexes;
  readonly #thresholdNs: number;
  readonly #yieldTurn: (() => Promise<void>) | undefined;

  constructor(data: ShardData, pool: WorkerPool | undefined, options: ShardQueryOptions = {}) {
    this.#data = data;
    this.#pool = pool;
    this.#selector = new CodeSelector(options.hashSeed, options.selectionSizeBytesMax ?? DEFAULT_SELECTION_SIZE_BYTES);
    this.#indexes = new ValueIndexes(options.indexSizeBytesMax ?? DEFAULT_INDEX_SIZE_BYTES);
    this.#thresholdNs = options.workerThresholdNs ?? DEFAULT_WORKER_THRESHOLD_NS;
    this.#yieldTurn = pool === undefined ? undefined : options.yieldTurn;
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
        yieldTurn: this.#yieldTurn,
      });
      const evaluate = this.#captureSelection(expression, options, instant);
      const finish = capture(instant);
      const answer = await this.#withSnapshot(options, async (signal) => {
        instant.signal = signal;
        const rows = await evaluate();
        return finish(rows);
      });
      if (answer !== STALE) return answer as T;
    }
  }

  #captureSelection(expression: Expression, options: SelectOptions, instant: Instant): () => RowSet | Promise<RowSet> {
    const { rowCount, images } = instant;
    const bound = new ExpressionBinder(this.#data, this.#selector, instant.moment).bind(expression);
    const { root, switches } = planOf(bound, { indexes: this.#indexes, rowCount, off: options.passesOff });
    const operator = new OperatorCapture({ rowCount, images, switches }).capture(root);
    const evaluator = new Evaluator({
      rowCount,
      slabs: this.#data.memory.slabs,
      switches,
      probeNsMax: this.#pool === undefined || root.costNs < this.#thresholdNs ? Infinity : PROBE_NS_MAX,
    });
    return () => drive(evaluator.evaluate(operator), instant);
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
