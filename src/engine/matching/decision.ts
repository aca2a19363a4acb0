/** What a person decides about a suggestion. Accepting makes one profile of the two, unless they became one meanwhile. */
import { type Awaitable, isPromise } from '../../base/awaitable.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type { Suggestion } from '../../model/matching.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Pair } from './matching-people.ts';
import { type SuggestionStore, suggestionNotFound } from './suggestion-store.ts';

export interface DecisionParts {
  readonly store: SuggestionStore;
  readonly clock: Clock;
  /** Whether both are one profile by now. */
  readonly isOne: (pair: Pair) => Awaitable<boolean>;
  /** Makes one profile of them, on disk when it resolves. Errors: profile_not_found, merge_refused. */
  readonly merge: (pair: Pair) => Promise<unknown>;
}

/** Errors: suggestion_not_found, suggestion_decided, storage_failed, those of `merge`. */
export async function decide(parts: DecisionParts, id: string, decision: 'accept' | 'reject'): Promise<Suggestion> {
  const { store, clock, isOne, merge } = parts;
  const suggestion = store.get(id);
  if (suggestion === undefined) throw suggestionNotFound(id);
  const { a, b, state, decidedAt } = suggestion;
  if (state !== 'open') throw new EngineError('suggestion_decided', `it was ${state} at ${decidedAt}`);
  const asked = isOne([a, b]);
  const areOne = isPromise(asked) ? await asked : asked;
  if (areOne && decision === 'reject') {
    const message = 'the two have become one profile meanwhile; separate them by an unmerge';
    throw new EngineError('suggestion_decided', message);
  }
  if (!areOne && decision === 'accept') await merge([a, b]);
  return store.decide(id, decision === 'accept' ? 'accepted' : 'rejected', formatIsoDate(clock.nowMs()));
}
