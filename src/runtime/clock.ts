/** Time comes in here. Nothing below the engine reads it any other way. */
import { nextTurn } from './turn.ts';

export interface Clock {
  /** Ms since the epoch, whole. */
  nowMs(): number;
  /** For durations: ms that never go back. */
  monotonicMs(): number;
  /** Runs `task` every `intervalMs` until the returned function is called. Does not keep the process alive. */
  every(intervalMs: number, task: () => void): () => void;
  /** Runs `task` once, `delayMs` from now, unless the returned function is called first. Does not keep the process alive. */
  after(delayMs: number, task: () => void): () => void;
  /** Resolves in a later turn of the event loop. */
  yieldTurn(): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  every(intervalMs, task) {
    const timer = setInterval(task, intervalMs);
    timer.unref();
    return () => clearInterval(timer);
  },
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  yieldTurn: nextTurn,
};
