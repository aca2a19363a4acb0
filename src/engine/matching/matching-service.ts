/** Finding probable duplicates among the people of this process, and deciding about them. */
import type {
  Matching,
  MatchingRequest,
  MatchingState,
  Suggestion,
  SuggestionPage,
  SuggestionState,
} from '../../model/matching.ts';
import type { Router } from '../../router/router.ts';
import type { IdentityService } from '../identity/identity-service.ts';
import { checkWanted, fieldsOf, knownFields } from './compared-fields.ts';
import { type DecisionParts, decide } from './decision.ts';
import { areSame } from './kept-apart.ts';
import { LocalPeople } from './local-people.ts';
import type { MatchingParts } from './matching-run.ts';
import { MatchingRuns } from './matching-runs.ts';

export interface MatchingServiceParts extends Omit<MatchingParts, 'people'> {
  readonly router: Router;
  readonly identity: IdentityService;
}

export class MatchingService implements Matching {
  readonly #parts: MatchingServiceParts;
  readonly #runs: MatchingRuns;
  readonly #decisions: DecisionParts;

  constructor(parts: MatchingServiceParts) {
    const { router, identity, store, clock } = parts;
    this.#parts = parts;
    this.#runs = new MatchingRuns({ ...parts, people: new LocalPeople(parts) });
    this.#decisions = {
      store,
      clock,
      isOne: ([a, b]) => areSame(router.locate(a), router.locate(b)),
      merge: ([a, b]) => identity.merge({ into: a, from: b }, 'linkage'),
    };
  }

  get state(): MatchingState {
    return this.#runs.state;
  }

  /** Begins a run. Errors: matching_running, invalid_request; those of the run are told by the state. */
  start(request: MatchingRequest): MatchingState {
    this.#runs.assertFree();
    const { fields } = request;
    checkWanted(fields);
    const parts = this.#parts.router.shards.map(({ data }) => knownFields(data, fields));
    return this.#runs.begin(fieldsOf(fields, parts), request);
  }

  /** Resolves when no run is under way. */
  settled(): Promise<MatchingState> {
    return this.#runs.settled();
  }

  cancel(): void {
    this.#runs.cancel();
  }

  /** Nothing is merged or written after it. */
  close(): Promise<void> {
    return this.#runs.close();
  }

  suggestions(state: SuggestionState, limit: number, cursor?: string): SuggestionPage {
    // Those that became one profile meanwhile, or are gone, need no decision.
    const isShown = (one: Suggestion): boolean => state !== 'open' || this.#areTwo(one);
    return this.#parts.store.page(state, limit, cursor, isShown);
  }

  /** Accepting merges the two. Errors: suggestion_not_found, suggestion_decided, profile_not_found, merge_refused. */
  async decide(id: string, decision: 'accept' | 'reject'): Promise<Suggestion> {
    this.#runs.assertOpen();
    return this.#runs.inTurn(() => decide(this.#decisions, id, decision));
  }

  #areTwo({ a, b }: Suggestion): boolean {
    const { router } = this.#parts;
    const first = router.locate(a);
    const second = router.locate(b);
    return first !== undefined && second !== undefined && !areSame(first, second);
  }
}
