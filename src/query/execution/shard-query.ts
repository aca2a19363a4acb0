/**
 * Questions to one shard. A query is bound, planned and captured in one turn: that is the instant it answers for. If little
 * is left to scan, it is answered in the same turn; else a snapshot holds the captured pages while workers scan and the
 * shard goes on writing.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/query.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import { ConditionBinder } from '../binder/bind-condition.ts';
import { ExpressionBinder } from '../binder/bind-expression.ts';
import { CodeSelector } from '../binder/code-selector.ts';
import { assertAggregateSupported, assertSupported } from '../binder/supported.ts';
import { costNsOf, Planner } from '../planner/plan.ts';
import { ValueIndexes } from '../planner/value-index.ts';
import { type AggregateRequest, captureAggregate, emptyAggregate, type PartialAggregate } from './aggregate.ts';
import { assertGoing } from './cancellation.ts';
import { captureOperator, type Evaluation, Evaluator } from './operator.ts';
import { ImageSet } from './program.ts';
import type { Scan } from './scan.ts';
import { ScanRunner, scanCostNs } from './scan-runner.ts';
import { aggregateSeen, isSeenTrait } from './seen-aggregate.ts';

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
  async select(expression: Expression, options: SelectOptions): Promise<RowSet> {
    assertSupported(expression, options.atMs);
    assertGoing(options.signal);
    const moment = { nowMs: options.nowMs, atMs: options.atMs };
    const rowCount = this.#data.profiles.count;
    const bound = new ExpressionBinder(this.#data, this.#selector, moment).bind(expression);
    const plan = new Planner(this.#indexes, rowCount).plan(bound);
    if (plan.kind === 'rows') return plan.rows;
    const operator = captureOperator(plan, rowCount, new ImageSet());
    if (this.#pool === undefined || costNsOf(plan) < this.#thresholdNs) {
      return this.#finishHere(new Evaluator(rowCount, Infinity).evaluate(operator));
    }
    const evaluation = new Evaluator(rowCount, PROBE_NS_MAX).evaluate(operator);
    return this.#withSnapshot(options, (signal) => this.#finishOnWorkers(evaluation, signal));
  }

  /** One value over the selected rows (absent = all); parts of shards go to `mergeAggregates`. */
  async aggregate(
    request: AggregateRequest,
    rows: RowSet | undefined,
    options: SelectOptions,
  ): Promise<PartialAggregate> {
    assertAggregateSupported(request, options.atMs);
    assertGoing(options.signal);
    if (isSeenTrait(request)) return aggregateSeen(this.#data, request, rows);
    const moment = { nowMs: options.nowMs, atMs: options.atMs };
    const binder = new ConditionBinder(this.#selector, options.atMs ?? options.nowMs);
    for (;;) {
      const captured = captureAggregate(this.#data, request, rows, moment, binder, new ImageSet());
      if (captured === undefined) return emptyAggregate();
      const { scan, read, isStale } = captured;
      if (!this.#isForWorkers(scan)) return read(this.#runner().runHere(scan)!);
      const state = await this.#withSnapshot(options, (signal) => this.#runner().runOnWorkers(scan, signal));
      if (!isStale()) return read(state!);
    }
  }

  /** Lets go of the change logs it listens to. */
  close(): void {
    this.#indexes.close();
    this.#selector.clear();
  }

  #isForWorkers(scan: Scan): boolean {
    return this.#pool !== undefined && scanCostNs(scan) >= this.#thresholdNs;
  }

  #runner(): ScanRunner {
    return new ScanRunner(this.#data.memory.slabs, this.#pool);
  }

  #finishHere(evaluation: Evaluation): RowSet {
    const runner = this.#runner();
    let step = evaluation.next();
    while (step.done !== true) step = evaluation.next(runner.runHere(step.value));
    return step.value;
  }

  async #finishOnWorkers(evaluation: Evaluation, signal: AbortSignal | undefined): Promise<RowSet> {
    const runner = this.#runner();
    let step = evaluation.next();
    while (step.done !== true) {
      const scan = step.value;
      step = evaluation.next(this.#isForWorkers(scan) ? await runner.runOnWorkers(scan, signal) : runner.runHere(scan));
      assertGoing(signal);
    }
    return step.value;
  }

  /** Taken in the turn of the capture: from here on the captured pages do not change. */
  async #withSnapshot<T>(options: SelectOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { memory } = this.#data;
    const snapshot = memory.snapshot();
    const deadline = this.#pool!.deadline(options.signal, options.timeoutMs);
    try {
      return await work(deadline.signal);
    } finally {
      deadline.clear();
      memory.release(snapshot);
    }
  }
}

export { mergeAggregates } from './aggregate.ts';
