/** The two sides of a call while it is under way: whom its answer goes to, and what its handler sees of it. */
import { type CancelSignal, CancelSource } from '../base/cancel-source.ts';
import { EngineError } from '../model/error.ts';
import { Timed } from './deadlines.ts';
import type { AnswerTaker, Caller, IncomingCall } from './handler.ts';

export class OutgoingCall extends Timed {
  readonly id: number;
  readonly method: string;
  readonly taker: AnswerTaker;
  /** The taker gets bytes where they lie. */
  readonly isLent: boolean;
  readonly #giveUp: (call: OutgoingCall, error: unknown) => void;
  timeoutMs = 0;
  #signal: CancelSignal | undefined;
  #onAbort: (() => void) | undefined;

  constructor(
    id: number,
    method: string,
    taker: AnswerTaker,
    isLent: boolean,
    giveUp: (call: OutgoingCall, error: unknown) => void,
  ) {
    super();
    this.id = id;
    this.method = method;
    this.taker = taker;
    this.isLent = isLent;
    this.#giveUp = giveUp;
  }

  follow(signal: CancelSignal): void {
    this.#signal = signal;
    this.#onAbort = () => this.#giveUp(this, signal.reason);
    signal.addEventListener('abort', this.#onAbort);
  }

  /** Before it is resolved or rejected. */
  settle(): void {
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  override expire(): void {
    this.#giveUp(this, deadlineExceeded(this.method, this.timeoutMs, true));
  }
}

/** The controller is made only for handlers that look at the signal. */
export class RunningCall extends Timed implements IncomingCall {
  readonly id: number;
  readonly peer: Caller;
  readonly #method: string;
  #controller: CancelSource | undefined;
  #reason: EngineError | undefined;

  constructor(id: number, peer: Caller, method: string) {
    super();
    this.id = id;
    this.peer = peer;
    this.#method = method;
  }

  get signal(): CancelSignal {
    if (this.#controller === undefined) {
      this.#controller = new CancelSource();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: EngineError): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  override expire(): void {
    this.abort(new EngineError('deadline_exceeded', `the caller of ${this.#method} waits no longer`));
  }
}

export function deadlineExceeded(method: string, timeoutMs: number, isUnknownOutcome: boolean): EngineError {
  return new EngineError('deadline_exceeded', `${method} was not answered within ${timeoutMs} ms`, {
    details: { timeoutMs, ...(isUnknownOutcome ? { isUnknownOutcome } : {}) },
  });
}
