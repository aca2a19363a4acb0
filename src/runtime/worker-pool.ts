/**
 * A pool of worker threads that outlives queries; the only importer of piscina. It carries tasks and nothing else: who does what
 * is the caller's. A hand-over and back costs about 60 µs. Threads start with the first task, so that a process that
 * never needs them never pays, and they do not keep the process alive.
 */

import { Piscina } from 'piscina';
import { type CancelSignal, CancelSource, timeLimitReached } from '../base/cancel-source.ts';
import { answerOrFault } from './worker-fault.ts';
import { linkageWorkerUrl, scanWorkerUrl } from './worker-urls.ts';

/** More wait for a free place; how many are asked for at a time is bounded above this (`query/execution/admission.ts`). */
const TASKS_PER_THREAD = 256;

/** What the threads of a pool do with a task. */
export interface WorkerProgram {
  url(): URL;
  /** Name of the worker's export that takes a task. */
  readonly entry: string;
  readonly tasksPerThread: number;
}

const SCANS: WorkerProgram = { url: scanWorkerUrl, entry: 'runScan', tasksPerThread: TASKS_PER_THREAD };
/** One at work and one that waits beside it, so that no thread idles while its answer is taken. */
export const LINKAGE: WorkerProgram = { url: linkageWorkerUrl, entry: 'runLinkageTask', tasksPerThread: 2 };

/** A signal with a time limit of its own; `clear` when the work is over. */
export interface Deadline {
  readonly signal: CancelSignal;
  clear(): void;
}

export class WorkerPool {
  readonly threadCount: number;
  readonly #program: WorkerProgram;
  #pool: Piscina<unknown, unknown> | undefined;

  constructor(threadCount: number, program: WorkerProgram = SCANS) {
    this.threadCount = threadCount;
    this.#program = program;
  }

  /**
   * Gives the task to the thread with the fewest; what it works on takes turns there, so that none waits for the end of another. The
   * task is cloned, shared memory in it is not. Errors: those of the task, an `EngineError` whole.
   */
  async run(task: unknown): Promise<unknown> {
    this.#pool ??= new Piscina({
      filename: this.#program.url().href,
      name: this.#program.entry,
      minThreads: this.threadCount,
      maxThreads: this.threadCount,
      concurrentTasksPerWorker: this.#program.tasksPerThread,
    });
    return answerOrFault(await this.#pool.run(task));
  }

  /** Aborts when `signal` does, with its reason, or after `timeoutMs` with a TimeoutError. */
  deadline(signal: CancelSignal | undefined, timeoutMs: number | undefined): Deadline {
    if (timeoutMs === undefined && signal !== undefined) return { signal, clear: () => {} };
    const controller = new CancelSource();
    const forward = (): void => controller.abort(signal?.reason);
    if (signal?.aborted === true) forward();
    signal?.addEventListener('abort', forward, { once: true });
    const expire = (): void => controller.abort(timeLimitReached());
    const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
    timer?.unref();
    const clear = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', forward);
    };
    return { signal: controller.signal, clear };
  }

  /** Tasks that still run are ended. */
  async close(): Promise<void> {
    await this.#pool?.destroy();
    this.#pool = undefined;
  }
}
