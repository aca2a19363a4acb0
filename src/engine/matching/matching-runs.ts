/**
 * Which run is under way and how far it is. One at a time (`matching-run.ts`); what writes suggestions is done one after the other, runs'
 * ends and people's decisions alike, so that of two about the same pair the second is told of the first.
 */
import { type CancelSignal, CancelSource } from '../../base/cancel-source.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type { MatchingRequest, MatchingState } from '../../model/matching.ts';
import { type MatchingParts, runMatching } from './matching-run.ts';

/** Below it a run would keep more pairs than anybody looks at, and their memory. */
export const SUGGEST_FROM_MIN = 0.01;
const SUGGEST_FROM_MAX = 0.999_999;

export class MatchingRuns {
  readonly #parts: MatchingParts;
  #state: MatchingState = { state: 'never' };
  #cancel: CancelSource | undefined;
  #running: Promise<void> | undefined;
  /** The last of the writes that wait for each other. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: MatchingParts) {
    this.#parts = parts;
  }

  get state(): MatchingState {
    return this.#state;
  }

  /** Errors: shutting_down, matching_running. */
  assertFree(): void {
    this.assertOpen();
    if (this.#running === undefined) return;
    throw new EngineError('matching_running', 'a run is under way; wait for it or cancel it');
  }

  /** Begins a run over traits that there are. Errors: shutting_down, matching_running, invalid_request; those of the run are told by the state. */
  begin(fields: readonly string[], request: MatchingRequest): MatchingState {
    this.assertFree();
    const { clock, settings, store } = this.#parts;
    const suggestFrom = thresholdOf(request.suggestFrom, settings().linkage.review);
    const cancel = new CancelSource();
    const { signal } = cancel;
    this.#cancel = cancel;
    this.#state = { state: 'running', startedAt: formatIsoDate(clock.nowMs()), fields };
    const plan = { fields, suggestFrom, seed: request.seed, signal, tell: this.#tell };
    this.#running = runMatching(this.#parts, plan)
      .then(async (found) => {
        signal.throwIfAborted();
        // Between two turns, since writing them takes longer than one; decisions wait for it.
        const suggested = await this.inTurn(() => store.replaceOpen(found, () => clock.yieldTurn()));
        this.#tell({ suggested });
      })
      .then(
        () => this.#end({ state: 'done' }),
        (error: unknown) => this.#end(failureOf(error, signal)),
      );
    return this.#state;
  }

  readonly #tell = (news: Partial<MatchingState>): void => {
    this.#state = { ...this.#state, ...news };
  };

  #end(end: Pick<MatchingState, 'state' | 'error'>): void {
    const { progress: _, ...known } = this.#state;
    this.#state = { ...known, ...end, endedAt: formatIsoDate(this.#parts.clock.nowMs()) };
    this.#cancel = undefined;
    this.#running = undefined;
  }

  /** Resolves when no run is under way. */
  async settled(): Promise<MatchingState> {
    await this.#running;
    return this.#state;
  }

  cancel(): void {
    this.#cancel?.abort(new EngineError('query_cancelled', 'the run was cancelled'));
  }

  /** Nothing is merged or written after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.cancel();
    await this.#running;
    await this.#last.catch(() => {});
  }

  /** After what was asked for before. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn;
    return turn;
  }

  /** Errors: shutting_down. */
  assertOpen(): void {
    if (this.#isClosed) throw new EngineError('shutting_down', 'the engine is closing', { retryAfterMs: 5_000 });
  }
}

/** The rules may say 0 or 1, which no pair is below or above. */
function thresholdOf(asked: number | undefined, review: number): number {
  if (asked === undefined) return Math.min(Math.max(review, SUGGEST_FROM_MIN), SUGGEST_FROM_MAX);
  if (asked >= SUGGEST_FROM_MIN && asked < 1) return asked;
  const message = `"suggestFrom" must be a probability from ${SUGGEST_FROM_MIN} to below 1`;
  throw new EngineError('invalid_request', message);
}

function failureOf(error: unknown, signal: CancelSignal): Pick<MatchingState, 'state' | 'error'> {
  if (signal.aborted) return { state: 'cancelled' };
  const code = error instanceof EngineError ? error.code : 'internal';
  return { state: 'failed', error: { code, message: (error as Error).message } };
}
