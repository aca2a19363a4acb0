/**
 * What goes over one line in one kind of frame: a queue, and the frames that are under way.
 *
 * Keeps: an attempt is in the queue, in one frame, at rest, or given away (settled, or handed back to be routed anew): never in two of these,
 * never in none. Frames under way stay within the window. What comes back from a lost connection or a refused frame takes its old place in
 * the queue, so the server sees another order only where it took later frames and not an earlier one; times of events are unchanged by it.
 */
import type { Attempt, RetryPolicy } from './attempt.ts';
import { Fifo } from './fifo.ts';
import type { Answer } from './frame.ts';
import { errorOf, isRetryable, KithError } from './kith-error.ts';
import type { ClientWorld } from './world.ts';

export interface Refusal<T> {
  readonly attempt: T;
  readonly error: KithError;
}

/** What is particular to items, lookups and queries. */
export interface LaneKind<T extends Attempt> {
  /** Frames that may be under way, by our own choice. */
  readonly maxFrames: number;
  /** Whether the server's credit counts them. */
  readonly isCredited: boolean;
  /** Whether a missing answer is a reason to cut the connection. */
  readonly isTimed: boolean;
  /** A frame that was refused for a while: the whole lane waits, or only what was in it. */
  readonly isPausedByRefusal: boolean;
  /** The content of the next frame, taken from the queue; empty = nothing is to be sent now. */
  take(queue: Fifo<T>): T[];
  encode(ref: number, attempts: readonly T[]): Uint8Array;
  /** Settles what the answer settles; the rest are the refusals. */
  settle(attempts: readonly T[], answer: Answer): readonly Refusal<T>[];
  /** It was under way when connections ended, more often than chance explains: it goes with nothing else under way, so that the culprit shows. */
  isSuspect(attempt: T): boolean;
  /** What was in a lost frame is the culprit: others go first from now on. */
  isCulprit(attempts: readonly T[]): boolean;
  /** The frame was too large for the server. True = smaller ones follow. */
  shrink(attempts: readonly T[]): boolean;
}

export interface LaneOwner<T> {
  readonly isOpen: boolean;
  nextRef(): number;
  send(bytes: Uint8Array): void;
  /** They rested and are to be routed anew. */
  readmit(attempts: readonly T[]): void;
  warnRefused(error: KithError): void;
}

interface Frame<T> {
  readonly attempts: readonly T[];
  readonly sentMs: number;
}

interface Rest<T> {
  readonly attempts: readonly T[];
  readonly cancel: () => void;
}

export class Lane<T extends Attempt> {
  readonly #kind: LaneKind<T>;
  readonly #owner: LaneOwner<T>;
  readonly #policy: RetryPolicy;
  readonly #world: ClientWorld;
  readonly #queue = new Fifo<T>();
  readonly #frames = new Map<number, Frame<T>>();
  readonly #rests = new Set<Rest<T>>();
  #credit = 1;
  #refusalCount = 0;
  #cancelPause: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;
  #downError: KithError | undefined;
  #frameCount = 0;

  constructor(kind: LaneKind<T>, owner: LaneOwner<T>, policy: RetryPolicy, world: ClientWorld) {
    this.#kind = kind;
    this.#owner = owner;
    this.#policy = policy;
    this.#world = world;
  }

  get queuedCount(): number {
    return this.#queue.length;
  }

  get framesUnderWay(): number {
    return this.#frames.size;
  }

  /** Frames sent so far. */
  get frameCount(): number {
    return this.#frameCount;
  }

  add(attempt: T): void {
    this.#queue.push(attempt);
    if (this.#downError !== undefined) {
      this.#policy.waits(attempt);
      if (this.#cancelExpiry === undefined) this.#armExpiry();
    }
    this.pump();
  }

  /** They take their place by serial. */
  putBack(attempts: readonly T[]): void {
    if (attempts.length === 0) return;
    const sorted = attempts.toSorted((a, b) => a.serial - b.serial);
    let position = 0;
    while (position < this.#queue.length && this.#queue.at(position)!.serial < sorted[0].serial) position += 1;
    this.#queue.insert(position, sorted);
    if (this.#downError !== undefined) {
      for (const attempt of sorted) this.#policy.waits(attempt);
      this.#armExpiry();
    }
    this.pump();
  }

  pump(): void {
    while (this.#maySend()) {
      const attempts = this.#kind.take(this.#queue);
      if (attempts.length === 0) return;
      const ref = this.#owner.nextRef();
      this.#frames.set(ref, { attempts, sentMs: this.#world.clock.monotonicMs() });
      this.#frameCount += 1;
      this.#owner.send(this.#kind.encode(ref, attempts));
    }
  }

  lineOpened(creditFrames: number): void {
    this.#credit = creditFrames;
    this.#downError = undefined;
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    this.pump();
  }

  /** What was under way is queued again. */
  lineDown(error: KithError): void {
    this.#downError = error;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    const frames = [...this.#frames.values()];
    this.#frames.clear();
    for (const { attempts } of frames) {
      for (const attempt of attempts) attempt.lossCount += 1;
      if (this.#kind.isCulprit(attempts))
        this.#restAll(attempts.map((attempt) => ({ attempt, error: lostWith(error) })));
      else {
        for (const attempt of attempts) attempt.failureCount += 1;
        this.putBack(attempts);
      }
    }
    this.#queue.sift((attempt) => {
      this.#policy.waits(attempt);
      return this.#policy.isInTime(attempt, error);
    });
    this.#armExpiry();
  }

  /** True = the answer was to a frame of this lane. */
  heard(ref: number, answer: Answer): boolean {
    const frame = this.#frames.get(ref);
    if (frame === undefined) return false;
    this.#frames.delete(ref);
    if (answer['error'] === undefined) {
      this.#refusalCount = 0;
      this.#restAll(this.#kind.settle(frame.attempts, answer));
    } else this.#refused(frame.attempts, errorOf(answer['error']));
    this.pump();
    return true;
  }

  oldestSentMs(): number | undefined {
    if (!this.#kind.isTimed) return undefined;
    const oldest = this.#frames.values().next();
    return oldest.done === true ? undefined : oldest.value.sentMs;
  }

  /** Gives away what waits to be sent; what is under way or at rest stays. */
  evacuate(): T[] {
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    return this.#queue.take(this.#queue.length);
  }

  abandon(error: KithError): void {
    this.#cancelPause?.();
    const rests = [...this.#rests];
    this.#rests.clear();
    for (const { cancel } of rests) cancel();
    const all = [
      ...[...this.#frames.values()].flatMap(({ attempts }) => attempts),
      ...this.evacuate(),
      ...rests.flatMap(({ attempts }) => attempts),
    ];
    this.#frames.clear();
    for (const attempt of all) attempt.reject(error);
  }

  #maySend(): boolean {
    const first = this.#queue.at(0);
    if (first === undefined || !this.#owner.isOpen || this.#cancelPause !== undefined) return false;
    if (this.#kind.isSuspect(first) && this.#frames.size > 0) return false;
    return (
      this.#frames.size < (this.#kind.isCredited ? Math.min(this.#credit, this.#kind.maxFrames) : this.#kind.maxFrames)
    );
  }

  #refused(attempts: readonly T[], error: KithError): void {
    if (error.code === 'payload_too_large' && this.#kind.shrink(attempts)) {
      this.putBack(attempts);
      return;
    }
    if (!this.#kind.isPausedByRefusal || !isRetryable(error)) {
      this.#restAll(attempts.map((attempt) => ({ attempt, error })));
      return;
    }
    const kept = attempts.filter((attempt) => this.#policy.keeps(attempt, error));
    this.#pause(error, kept);
    this.putBack(kept);
  }

  /** The server takes nothing for now. Frames refused during a pause belong to the same refusal. */
  #pause(error: KithError, attempts: readonly T[]): void {
    if (this.#cancelPause !== undefined) return;
    this.#owner.warnRefused(error);
    const delayMs = this.#policy.delayMs(this.#refusalCount, error.retryAfterMs, attempts);
    this.#refusalCount += 1;
    this.#cancelPause = this.#world.clock.after(delayMs, () => {
      this.#cancelPause = undefined;
      this.pump();
    });
  }

  /** Single ones come back later, wherever they belong by then. */
  #restAll(refusals: readonly Refusal<T>[]): void {
    const kept = refusals.filter(({ attempt, error }) => this.#policy.keeps(attempt, error));
    if (kept.length === 0) return;
    this.#owner.warnRefused(kept[0].error);
    const attempts = kept.map(({ attempt }) => attempt);
    const failureCount = Math.max(...attempts.map((attempt) => attempt.failureCount)) - 1;
    const retryAfterMs = Math.max(...kept.map(({ error }) => error.retryAfterMs ?? 0));
    const cancel = this.#world.clock.after(this.#policy.delayMs(failureCount, retryAfterMs, attempts), () => {
      this.#rests.delete(rest);
      this.#owner.readmit(attempts);
    });
    const rest: Rest<T> = { attempts, cancel };
    this.#rests.add(rest);
  }

  /** While the line is down, what waits is given up when its time ends. */
  #armExpiry(): void {
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    const error = this.#downError;
    if (error === undefined || this.#queue.length === 0) return;
    let leastMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#queue.length; i += 1)
      leastMs = Math.min(leastMs, this.#policy.leftMs(this.#queue.at(i)!));
    this.#cancelExpiry = this.#world.clock.after(Math.max(0, leastMs), () => {
      this.#queue.sift((attempt) => this.#policy.isInTime(attempt, error));
      this.#armExpiry();
    });
  }
}

/** Whatever ended the connection, the frame may be sent again. */
function lostWith(error: KithError): KithError {
  return isRetryable(error) ? error : new KithError('connection_lost', error.message, { cause: error });
}
