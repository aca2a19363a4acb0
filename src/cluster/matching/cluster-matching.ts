/**
 * Finding probable duplicates in a cluster, on its first shard: that one gathers the records, compares them on workers of its own and keeps the
 * suggestions in its data folder. Whoever is asked elsewhere passes it on (`gateway/routed-matching.ts`). When this process dies a run is
 * forgotten, as in one process; what was suggested and decided is on disk.
 */
import { checkWanted, fieldsOf } from '../../engine/matching/compared-fields.ts';
import { type DecisionParts, decide } from '../../engine/matching/decision.ts';
import type { MatchingParts } from '../../engine/matching/matching-run.ts';
import { MatchingRuns } from '../../engine/matching/matching-runs.ts';
import { pageOf } from '../../engine/matching/suggestion-store.ts';
import { EngineError } from '../../model/error.ts';
import type {
  MatchingRequest,
  MatchingState,
  Suggestion,
  SuggestionPage,
  SuggestionState,
} from '../../model/matching.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { ClusterIdentity } from '../gateway/cluster-identity.ts';
import type { ShardCaller } from '../gateway/shard-caller.ts';
import { GatheredPeople } from './gathered-people.ts';

const LOOKED_AT_ONCE_MAX = 256;

export interface ClusterMatchingParts extends Omit<MatchingParts, 'people'> {
  readonly caller: ShardCaller;
  readonly slots: SlotMap;
  readonly shardCount: () => number;
  readonly identity: ClusterIdentity;
}

export class ClusterMatching {
  readonly #parts: ClusterMatchingParts;
  readonly #people: GatheredPeople;
  readonly #runs: MatchingRuns;
  readonly #decisions: DecisionParts;
  #isStarting = false;

  constructor(parts: ClusterMatchingParts) {
    this.#parts = parts;
    const { store, clock, identity } = parts;
    this.#people = new GatheredPeople({ ...parts, inTurn: (work) => this.#runs.inTurn(work) });
    this.#runs = new MatchingRuns({ ...parts, people: this.#people });
    this.#decisions = {
      store,
      clock,
      isOne: async (pair) => (await this.#people.areOneOrTwo([pair]))[0] === 'one',
      merge: async ([a, b]) => {
        try {
          await identity.merge({ into: a, from: b }, 'linkage');
        } catch (error) {
          // Somebody else may have merged them since they were looked at: then it is done.
          const isRefused = error instanceof EngineError && error.code === 'merge_refused';
          if (!isRefused || (await this.#people.areOneOrTwo([[a, b]]))[0] !== 'one') throw error;
        }
      },
    };
  }

  get state(): MatchingState {
    return this.#runs.state;
  }

  /** Errors: as of one process; shard_unavailable. */
  async start(request: MatchingRequest): Promise<MatchingState> {
    this.#runs.assertFree();
    if (this.#isStarting) throw new EngineError('matching_running', 'another run is just begun');
    const { fields } = request;
    checkWanted(fields);
    this.#isStarting = true;
    try {
      return this.#runs.begin(fieldsOf(fields, await this.#people.fields(fields)), request);
    } finally {
      this.#isStarting = false;
    }
  }

  settled(): Promise<MatchingState> {
    return this.#runs.settled();
  }

  cancel(): void {
    this.#runs.cancel();
  }

  async suggestions(state: SuggestionState, limit: number, cursor?: string): Promise<SuggestionPage> {
    const { store } = this.#parts;
    if (state !== 'open') return store.page(state, limit, cursor);
    // Those that became one profile meanwhile, or are gone, need no decision.
    const shown: Suggestion[] = [];
    let batch: Suggestion[] = [];
    const look = async (): Promise<void> => {
      const states = await this.#people.areOneOrTwo(batch.map(({ a, b }) => [a, b]));
      shown.push(...batch.filter((_, i) => states[i] === 'two'));
      batch = [];
    };
    for (const suggestion of store.after(state, cursor)) {
      batch.push(suggestion);
      if (batch.length < Math.min(LOOKED_AT_ONCE_MAX, limit + 1 - shown.length)) continue;
      await look();
      if (shown.length > limit) break;
    }
    if (batch.length > 0) await look();
    return pageOf(shown, limit);
  }

  async decide(id: string, decision: 'accept' | 'reject'): Promise<Suggestion> {
    this.#runs.assertOpen();
    return this.#runs.inTurn(() => decide(this.#decisions, id, decision));
  }

  /** Nothing is merged or written after it. */
  close(): Promise<void> {
    return this.#runs.close();
  }
}
