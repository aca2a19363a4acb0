/**
 * Finding probable duplicates, one run at a time: reads the profiles in slices, lets workers of its own compare them, and puts the likely pairs up for a
 * person to accept or reject. Pairs above the rules' `linkage.merge` are merged at once where the rules say so (off by default).
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import { type LinkageResult, linkRecords } from '../../linkage/link-records.ts';
import { RecordTableBuilder } from '../../linkage/record-table.ts';
import { probabilityOf } from '../../linkage/scored-pairs.ts';
import { EngineError } from '../../model/error.ts';
import type { IdentitySettings } from '../../model/identity.ts';
import type {
  Matching,
  MatchingRequest,
  MatchingState,
  Suggestion,
  SuggestionPage,
  SuggestionState,
} from '../../model/matching.ts';
import type { Router } from '../../router/router.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import type { IdentityService } from '../identity/identity-service.ts';
import { Slices } from '../schema/slices.ts';
import { type ProfileRecords, readRecords } from './profile-records.ts';
import { OPEN_COUNT_MAX, type SuggestionStore, suggestionId } from './suggestion-store.ts';

export interface MatchingParts {
  readonly router: Router;
  readonly clock: Clock;
  readonly identity: IdentityService;
  readonly settings: () => IdentitySettings;
  readonly store: SuggestionStore;
  /** Workers that compare; made for a run and closed after it. */
  readonly makePool: () => WorkerPool;
}

export class MatchingService implements Matching {
  readonly #parts: MatchingParts;
  #state: MatchingState = { state: 'never' };
  #cancel: AbortController | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: MatchingParts) {
    this.#parts = parts;
  }

  get state(): MatchingState {
    return this.#state;
  }

  /** Begins a run. Errors: matching_running; those of the run are told by the state. */
  start(request: MatchingRequest): MatchingState {
    if (this.#state.state === 'running')
      throw new EngineError('matching_running', 'a run is under way; wait for it or cancel it');
    const startedAt = formatIsoDate(this.#parts.clock.nowMs());
    this.#state = { state: 'running', startedAt };
    const cancel = new AbortController();
    this.#cancel = cancel;
    this.#running = this.#run(request, cancel.signal).then(
      (done) => this.#end({ ...done, state: 'done', startedAt }),
      (error: unknown) => this.#end({ ...failureOf(error, cancel.signal), startedAt }),
    );
    return this.#state;
  }

  /** Resolves when no run is under way. */
  async settled(): Promise<MatchingState> {
    await this.#running;
    return this.#state;
  }

  cancel(): void {
    this.#cancel?.abort(new EngineError('query_cancelled', 'the run was cancelled'));
  }

  async close(): Promise<void> {
    this.cancel();
    await this.#running;
  }

  suggestions(state: SuggestionState, limit: number, cursor?: string): SuggestionPage {
    return this.#parts.store.page(state, limit, cursor);
  }

  /** Accepting merges the two. Errors: suggestion_not_found, suggestion_decided, profile_not_found, merge_refused. */
  async decide(id: string, decision: 'accept' | 'reject'): Promise<Suggestion> {
    const { store, identity, clock } = this.#parts;
    const suggestion = store.get(id);
    if (suggestion !== undefined && suggestion.state !== 'open') {
      throw new EngineError('suggestion_decided', `the suggestion was ${suggestion.state} at ${suggestion.decidedAt}`);
    }
    if (suggestion !== undefined && decision === 'accept' && !this.#isOne(suggestion)) {
      await identity.merge({ into: suggestion.a, from: suggestion.b }, 'linkage');
    }
    return store.decide(id, decision === 'accept' ? 'accepted' : 'rejected', formatIsoDate(clock.nowMs()));
  }

  /** Whether the two have become one profile by themselves. */
  #isOne({ a, b }: Suggestion): boolean {
    const first = this.#parts.router.locate(a);
    const second = this.#parts.router.locate(b);
    return first !== undefined && first.shard === second?.shard && first.row === second.row;
  }

  #end(state: MatchingState): void {
    this.#state = { ...state, endedAt: formatIsoDate(this.#parts.clock.nowMs()) };
    this.#cancel = undefined;
    this.#running = undefined;
  }

  async #run(request: MatchingRequest, signal: AbortSignal): Promise<Omit<MatchingState, 'state'>> {
    const { router, clock, settings, store, makePool } = this.#parts;
    const { linkage } = settings();
    const slices = new Slices(clock, signal);
    const records = await readRecords(router.shards, request.fields, slices, (done, total) => {
      this.#progress('read', done, total);
    });
    const pool = makePool();
    try {
      const builder = new RecordTableBuilder(records.fields.map((name) => ({ name })));
      for (let record = 0; record < records.names.length; record++) {
        if (slices.isDue) await slices.pause();
        builder.add(records.values(record));
      }
      const suggestProbability = request.suggestFrom ?? linkage.review;
      const result = await linkRecords(
        builder.finish(),
        { suggestProbability, ...(request.seed === undefined ? {} : { seed: request.seed }) },
        {
          runner: pool,
          signal,
          onProgress: ({ stage, done, total }) => this.#progress(stage, done, total),
        },
      );
      const merged = linkage.isAutomatic ? await this.#mergeSure(result, records, linkage.merge, slices) : 0;
      const suggested = store.replaceOpen(this.#suggestionsOf(result, records));
      return {
        fields: records.fields,
        rules: result.rules,
        profiles: records.names.length,
        comparedPairs: result.comparedCount,
        suggested,
        merged,
      };
    } finally {
      await pool.close();
    }
  }

  #progress(stage: NonNullable<MatchingState['progress']>['stage'], done: number, total: number): void {
    if (this.#state.state === 'running') this.#state = { ...this.#state, progress: { stage, done, total } };
  }

  async #mergeSure(result: LinkageResult, records: ProfileRecords, from: number, slices: Slices): Promise<number> {
    const { router, identity } = this.#parts;
    const { pairs } = result;
    let merged = 0;
    for (let i = 0; i < pairs.count && probabilityOf(pairs.weights[i]) >= from; i++) {
      if (slices.isDue) await slices.pause();
      const a = records.names[pairs.a[i]];
      const b = records.names[pairs.b[i]];
      const first = router.locate(a);
      const second = router.locate(b);
      if (first === undefined || second === undefined) continue;
      if ((first.shard === second.shard && first.row === second.row) || router.joiner.isCut([a, b])) continue;
      // Groups that contradict themselves are left to a person.
      if (result.clusters[pairs.a[i]] !== result.clusters[pairs.b[i]]) continue;
      await identity.merge({ into: a, from: b }, 'linkage');
      merged += 1;
    }
    return merged;
  }

  /** The likeliest that are two profiles still. */
  #suggestionsOf(result: LinkageResult, records: ProfileRecords): Suggestion[] {
    const { router, clock } = this.#parts;
    const { pairs } = result;
    const suggestedAt = formatIsoDate(clock.nowMs());
    const found: Suggestion[] = [];
    for (let i = 0; i < pairs.count && found.length < 2 * OPEN_COUNT_MAX; i++) {
      const a = records.names[pairs.a[i]];
      const b = records.names[pairs.b[i]];
      const first = router.locate(a);
      const second = router.locate(b);
      if (first === undefined || second === undefined || (first.shard === second.shard && first.row === second.row))
        continue;
      const { priorWeight, fields, weight, probability } = result.explain(pairs.a[i], pairs.b[i]);
      found.push({
        id: suggestionId(a, b),
        state: 'open',
        a,
        b,
        probability,
        weight,
        priorWeight,
        evidence: fields.map(({ field, level, valueA, valueB, weight: own, rarityWeight }) => ({
          field,
          level,
          a: valueA,
          b: valueB,
          weight: own + rarityWeight,
        })),
        suggestedAt,
      });
    }
    return found;
  }
}

function failureOf(error: unknown, signal: AbortSignal): Pick<MatchingState, 'state' | 'error'> {
  if (signal.aborted) return { state: 'cancelled' };
  const code = error instanceof EngineError ? error.code : 'internal';
  return { state: 'failed', error: { code, message: (error as Error).message } };
}
