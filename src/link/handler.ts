/** What the two ends of a link promise each other: handlers of calls, and how a call is made. */
import type { CancelSignal } from '../base/cancel-source.ts';

/**
 * Reads its arguments itself; what it gives or throws is the answer. An answer that is no promise leaves in the same turn.
 */
export type Handler = (args: unknown, call: IncomingCall) => unknown;
export type Handlers = Readonly<Record<string, Handler>>;

const borrowers = new WeakSet<Handler>();

/** Marks a handler whose arguments, when they are bytes as a whole, need not be copied: they are good until it returns. */
export function borrowing(handler: Handler): Handler {
  borrowers.add(handler);
  return handler;
}

export function isBorrowing(handler: Handler): boolean {
  return borrowers.has(handler);
}

/** The other end of the link, as a handler sees it: it can be asked in its turn. */
export interface Caller {
  call<T>(method: string, args: unknown, options?: CallOptions | undefined): Promise<T>;
  close(): void;
}

export interface IncomingCall {
  /** Aborted when the caller cancels, its deadline passes, or the link closes; the reason is an EngineError. */
  readonly signal: CancelSignal;
  /** Who calls; absent when the call came from the process itself. */
  readonly peer?: Caller | undefined;
}

export interface CallOptions {
  readonly timeoutMs?: number | undefined;
  /** When it aborts, the call is rejected with its reason and the other end is told. */
  readonly signal?: CancelSignal | undefined;
}

/** Who waits for a call's answer: one of the two is called, once, never before the call has returned. */
export interface AnswerTaker {
  /** An answer that is bytes as a whole is good until the end of the turn. */
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}
