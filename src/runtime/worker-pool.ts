/**
 * A pool of worker threads that outlives queries; the only importer of piscina. It carries tasks and nothing else: who does what
 * is the caller's. A hand-over and back costs about 60 µs. Threads do not keep the process alive.
 */
import { Piscina } from 'piscina';

export interface WorkerPoolOptions {
  /** Built JavaScript whose default export takes a task. */
  readonly url: URL;
  readonly threadCount: number;
}

export class WorkerPool {
  readonly threadCount: number;
  readonly #pool: Piscina<unknown, unknown>;

  constructor({ url, threadCount }: WorkerPoolOptions) {
    this.threadCount = threadCount;
    this.#pool = new Piscina({
      filename: url.href,
      minThreads: threadCount,
      maxThreads: threadCount,
      concurrentTasksPerWorker: 1,
    });
  }

  /** Gives the task to the next free thread. The task is cloned, shared memory in it is not. */
  run(task: unknown): Promise<unknown> {
    return this.#pool.run(task);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
