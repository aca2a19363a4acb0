/** What routers ask of the shard that looks for probable duplicates. */
import type { Handlers } from '../../link/peer.ts';
import { EngineError } from '../../model/error.ts';
import type { MatchingRequest, SuggestionState } from '../../model/matching.ts';
import type { ClusterMatching } from '../matching/cluster-matching.ts';

/** `matching`: undefined on every other shard. */
export function duplicatesCalls(matching: () => ClusterMatching | undefined, assertServing: () => void): Handlers {
  const serving = (): ClusterMatching => {
    assertServing();
    const here = matching();
    if (here === undefined)
      throw new EngineError('invalid_request', 'the first shard looks for duplicates, not this one');
    return here;
  };
  return {
    matching_state: () => serving().state,
    matching_start: (args) => serving().start(args as MatchingRequest),
    matching_settled: () => serving().settled(),
    matching_cancel: () => {
      serving().cancel();
      return null;
    },
    matching_suggestions: (args) => {
      const { state, limit, cursor } = args as { state: SuggestionState; limit: number; cursor: string | undefined };
      return serving().suggestions(state, limit, cursor);
    },
    matching_decide: (args) => {
      const { id, decision } = args as { id: string; decision: 'accept' | 'reject' };
      return serving().decide(id, decision);
    },
  };
}
