/** Probable duplicates at a router, or at any shard's door: the first shard looks for them and keeps what was decided. */
import type { Deferrable } from '../../base/awaitable.ts';
import type {
  Matching,
  MatchingRequest,
  MatchingState,
  Suggestion,
  SuggestionPage,
  SuggestionState,
} from '../../model/matching.ts';
import type { ShardCaller } from './shard-caller.ts';

/** The shard that does it. */
export const MATCHING_SHARD = 0;
const TIMEOUT_MS = 30_000;
/** A decision waits for those before it, and merges. */
const DECISION_TIMEOUT_MS = 120_000;

export class RoutedMatching implements Deferrable<Matching> {
  readonly #caller: ShardCaller;

  constructor(caller: ShardCaller) {
    this.#caller = caller;
  }

  get state(): Promise<MatchingState> {
    return this.#call('matching_state', null);
  }

  start(request: MatchingRequest): Promise<MatchingState> {
    return this.#call('matching_start', request);
  }

  /** As long as the run takes. Errors: shard_unavailable, when the shard that does it is gone. */
  settled(): Promise<MatchingState> {
    return this.#caller.call(MATCHING_SHARD, 'matching_settled', null);
  }

  async cancel(): Promise<void> {
    await this.#call('matching_cancel', null);
  }

  suggestions(state: SuggestionState, limit: number, cursor?: string): Promise<SuggestionPage> {
    return this.#call('matching_suggestions', { state, limit, cursor });
  }

  decide(id: string, decision: 'accept' | 'reject'): Promise<Suggestion> {
    return this.#call('matching_decide', { id, decision }, DECISION_TIMEOUT_MS);
  }

  #call<T>(method: string, args: unknown, timeoutMs = TIMEOUT_MS): Promise<T> {
    return this.#caller.call<T>(MATCHING_SHARD, method, args, { timeoutMs });
  }
}
