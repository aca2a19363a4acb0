/**
 * Callers that wait for a seq to become durable. One promise serves all waiters of one seq, and one sync settles
 * every seq that it covers. Shared by both logs, so that they answer alike.
 */
interface Waiter {
  readonly seq: number;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class DurableWaiters {
  #waiting: Waiter[] = [];

  wait(seq: number): Promise<void> {
    const newest = this.#waiting.at(-1);
    if (newest?.seq === seq) return newest.promise;
    let resolve: () => void = () => undefined;
    let reject: (error: Error) => void = () => undefined;
    const promise = new Promise<void>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    this.#waiting.push({ seq, promise, resolve, reject });
    return promise;
  }

  settle(durableSeq: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((waiter) => waiter.seq > durableSeq);
    for (const waiter of waiting) {
      if (waiter.seq <= durableSeq) waiter.resolve();
    }
  }

  fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.reject(error);
  }
}
