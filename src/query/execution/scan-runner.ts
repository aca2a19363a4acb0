/** Where scans run: here, in this turn, or on workers, each taking chunks until none is left. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import { cancellation } from './cancellation.ts';
import { stop, WHOLE } from './chunk-claim.ts';
import { runScan, type Scan, type ScanOutcome, type ScanTask, scanSteps } from './scan.ts';

/** A rough figure, a nanosecond an element where the scan does not know better: enough to tell whether a hand-over pays. */
export function scanCostNs(scan: Scan): number {
  if ('costNs' in scan) return scan.costNs;
  const elementCount = scan.kind === 'measure' ? scan.elementCount : scan.rowCount;
  return Math.min(elementCount, scan.chunks.length * CHUNK_ROWS);
}

export class ScanRunner {
  readonly #slabs: readonly SharedArrayBuffer[];
  readonly #pool: WorkerPool | undefined;

  constructor(slabs: readonly SharedArrayBuffer[], pool: WorkerPool | undefined) {
    this.#slabs = slabs;
    this.#pool = pool;
  }

  runHere<S extends Scan>(scan: S): ScanOutcome<S> {
    return runScan({ scan, slabs: this.#slabs, share: WHOLE }) as ScanOutcome<S>;
  }

  /** The same in pieces; yields what each is estimated to have cost. */
  stepsHere<S extends Scan>(scan: S): Generator<number, ScanOutcome<S>, void> {
    return scanSteps({ scan, slabs: this.#slabs, share: WHOLE }) as Generator<number, ScanOutcome<S>, void>;
  }

  /** Errors: query_timeout, query_cancelled; the workers stop at the next chunk. Resolves when no worker reads any more. */
  async runOnWorkers<S extends Scan>(scan: S, signal: CancelSignal | undefined): Promise<readonly ScanOutcome<S>[]> {
    const pool = this.#pool;
    if (pool === undefined || scan.chunks.length === 0) return [this.runHere(scan)];
    const count = Math.min(pool.threadCount, scan.chunks.length);
    const halt = (): void => stop(scan.control);
    signal?.addEventListener('abort', halt, { once: true });
    try {
      const tasks = Array.from({ length: count }, (_, index): ScanTask => {
        return { scan, slabs: this.#slabs, share: { index, count } };
      });
      const outcomes = await Promise.allSettled(
        tasks.map(async (task) => {
          try {
            return (await pool.run(task)) as ScanOutcome<S>;
          } catch (error) {
            halt();
            throw error;
          }
        }),
      );
      if (signal?.aborted === true) throw cancellation(signal);
      return outcomes.map((outcome) => {
        if (outcome.status === 'rejected') throw outcome.reason;
        return outcome.value;
      });
    } finally {
      signal?.removeEventListener('abort', halt);
    }
  }
}
