/**
 * Finding probable duplicates: which run is under way, how far it is, and what a person decides about its suggestions. One run at a time
 * (`matching-run.ts`); decisions one after the other, so that of two about the same pair the second is told of the first.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type {
  Matching,
  MatchingRequest,
  MatchingState,
  Suggestion,
  SuggestionPage,
  SuggestionState,
} from '../../model/matching.ts';
import { areSame } from './kept-apart.ts';
import { type MatchingParts, runMatching } from './matching-run.ts';
import { fieldsOf } from './profile-records.ts';
import { suggestionNotFound } from './suggestion-store.ts';

/** Below it a run would keep more pairs than anybody looks at, and their memory. */
export const SUGGEST_FROM_MIN = 0.01;
const SUGGEST_FROM_MAX = 0.999_999;

export class MatchingService implements Matching {
  readonly #parts: MatchingParts;
  #state: MatchingState = { state: 'never' };
  #cancel: AbortController | undefined;
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

  /** Begins a run. Errors: matching_running, invalid_request; those of the run are told by the state. */
  start(request: MatchingRequest): MatchingState {
    this.#assertOpen();
    if (this.#running !== undefined) {
      throw new EngineError('matching_running', 'a run is under way; wait for it or cancel it');
    }
    const { router, clock, settings, store } = this.#parts;
    const fields = fieldsOf(router.shards, request.fields);
    const suggestFrom = thresholdOf(request.suggestFrom, settings().linkage.review);
    const cancel = new AbortController();
    const { signal } = cancel;
    this.#cancel = cancel;
    this.#state = { state: 'running', startedAt: formatIsoDate(clock.nowMs()), fields };
    const plan = { fields, suggestFrom, seed: request.seed, signal, tell: this.#tell };
    this.#running = runMatching(this.#parts, plan)
      .then(async (found) => {
        signal.throwIfAborted();
        // Between two turns, since writing them takes longer than one; decisions wait for it.
        const suggested = await this.#inTurn(() => store.replaceOpen(found, () => clock.yieldTurn()));
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

  suggestions(state: SuggestionState, limit: number, cursor?: string): SuggestionPage {
    // Those that became one profile meanwhile, or are gone, need no decision.
    const isShown = (one: Suggestion): boolean => state !== 'open' || this.#areTwo(one);
    return this.#parts.store.page(state, limit, cursor, isShown);
  }

  /** Accepting merges the two. Errors: suggestion_not_found, suggestion_decided, profile_not_found, merge_refused. */
  async decide(id: string, decision: 'accept' | 'reject'): Promise<Suggestion> {
    this.#assertOpen();
    return this.#inTurn(() => this.#decide(id, decision));
  }

  async #decide(id: string, decision: 'accept' | 'reject'): Promise<Suggestion> {
    const { store, identity, clock, router } = this.#parts;
    const suggestion = store.get(id);
    if (suggestion === undefined) throw suggestionNotFound(id);
    const { a, b, state, decidedAt } = suggestion;
    if (state !== 'open') throw new EngineError('suggestion_decided', `it was ${state} at ${decidedAt}`);
    const isOne = areSame(router.locate(a), router.locate(b));
    if (isOne && decision === 'reject') {
      const message = 'the two have become one profile meanwhile; separate them by an unmerge';
      throw new EngineError('suggestion_decided', message);
    }
    if (!isOne && decision === 'accept') await identity.merge({ into: a, from: b }, 'linkage');
    return store.decide(id, decision === 'accept' ? 'accepted' : 'rejected', formatIsoDate(clock.nowMs()));
  }

  /** After what was asked for before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn;
    return turn;
  }

  #areTwo({ a, b }: Suggestion): boolean {
    const first = this.#parts.router.locate(a);
    const second = this.#parts.router.locate(b);
    return first !== undefined && second !== undefined && !areSame(first, second);
  }

  #assertOpen(): void {
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

function failureOf(error: unknown, signal: AbortSignal): Pick<MatchingState, 'state' | 'error'> {
  if (signal.aborted) return { state: 'cancelled' };
  const code = error instanceof EngineError ? error.code : 'internal';
  return { state: 'failed', error: { code, message: (error as Error).message } };
}
