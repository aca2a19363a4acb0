/**
 * One run: reads the profiles in slices, lets workers of its own compare them, merges at once what the rules allow (off by default), and
 * puts the likely pairs up for a person to decide. Profiles may change meanwhile: each pair is looked up again before it counts.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import { type LinkageResult, linkRecords } from '../../linkage/link-records.ts';
import { RawRecordsBuilder } from '../../linkage/raw-records.ts';
import { probabilityOf } from '../../linkage/scored-pairs.ts';
import { EngineError } from '../../model/error.ts';
import type { IdentitySettings } from '../../model/identity.ts';
import type { MatchingState, Suggestion } from '../../model/matching.ts';
import type { Identifier } from '../../model/profile.ts';
import type { ProfileAddress } from '../../router/profile-address.ts';
import type { Router } from '../../router/router.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import type { IdentityService } from '../identity/identity-service.ts';
import { Slices } from '../schema/slices.ts';
import { areKeptApart, areSame } from './kept-apart.ts';
import { type RecordNames, readRecords } from './profile-records.ts';
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

/** What was asked for, checked. */
export interface MatchingPlan {
  readonly fields: readonly string[];
  readonly suggestFrom: number;
  readonly seed: number | undefined;
  readonly signal: AbortSignal;
  /** Told as it becomes known. */
  readonly tell: (news: Partial<MatchingState>) => void;
}

interface Found {
  readonly result: LinkageResult;
  readonly names: RecordNames;
}

/** Gives the suggestions. Errors: invalid_request, query_cancelled, whatever the signal was aborted with. */
export async function runMatching(parts: MatchingParts, plan: MatchingPlan): Promise<readonly Suggestion[]> {
  const { clock, settings } = parts;
  const slices = new Slices(clock, plan.signal);
  const { isAutomatic, merge } = settings().linkage;
  // A probability of 1 is never reached, only rounded to.
  const linkProbability = isAutomatic && merge < 1 ? merge : undefined;
  const found = await compare(parts, plan, slices, linkProbability);
  if (linkProbability !== undefined) await mergeSure(parts, plan, slices, found, linkProbability);
  return suggestionsOf(parts, plan, slices, found);
}

async function compare(
  { router, makePool }: MatchingParts,
  { fields, suggestFrom, seed, signal, tell }: MatchingPlan,
  slices: Slices,
  linkProbability: number | undefined,
): Promise<Found> {
  const builder = new RawRecordsBuilder(fields);
  const names = await readRecords(router.shards, fields, builder, slices, (done, total) =>
    tell({ progress: { stage: 'read', done, total } }),
  );
  tell({ profiles: names.count });
  const pool = makePool();
  // A task may take a minute; who cancels does not wait for its end.
  const stop = (): void => void pool.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const result = await linkRecords(
      builder.finish(),
      { suggestProbability: Math.min(suggestFrom, linkProbability ?? 1), linkProbability, seed },
      { runner: pool, signal, onProgress: (progress) => tell({ progress }) },
    );
    tell({ fields: result.fields, rules: result.rules, comparedPairs: result.comparedCount });
    return { result, names };
  } finally {
    signal.removeEventListener('abort', stop);
    await pool.close();
  }
}

async function mergeSure(
  { router, store, identity, settings }: MatchingParts,
  { tell }: MatchingPlan,
  slices: Slices,
  { result: { pairs, linked }, names }: Found,
  from: number,
): Promise<void> {
  let total = 0;
  while (total < pairs.count && probabilityOf(pairs.weights[total]) >= from) total += 1;
  let merged = 0;
  for (let i = 0; i < total; i++) {
    if (slices.isDue) {
      tell({ progress: { stage: 'merge', done: i, total } });
      await slices.pause();
    }
    // Somebody may have thought better of it.
    if (!settings().linkage.isAutomatic) break;
    // Groups that contradict themselves are left to a person.
    if (linked?.[pairs.a[i]] !== linked?.[pairs.b[i]]) continue;
    const [a, b] = [names.of(pairs.a[i]), names.of(pairs.b[i])];
    const two = twoProfiles(router, a, b);
    if (two === undefined || areKeptApart(router, store, ...two) !== false) continue;
    try {
      await identity.merge({ into: a, from: b }, 'linkage');
    } catch (error) {
      // Too large together.
      if (error instanceof EngineError && error.code === 'merge_refused') continue;
      throw error;
    }
    merged += 1;
    tell({ merged });
  }
}

/** The likeliest that are two profiles still, whom nobody keeps apart. */
async function suggestionsOf(
  { router, store, clock }: MatchingParts,
  { suggestFrom }: MatchingPlan,
  slices: Slices,
  { result, names }: Found,
): Promise<readonly Suggestion[]> {
  const { pairs } = result;
  const suggestedAt = formatIsoDate(clock.nowMs());
  const found: Suggestion[] = [];
  const ids = new Set<string>();
  for (let i = 0; i < pairs.count && found.length < OPEN_COUNT_MAX; i++) {
    if (probabilityOf(pairs.weights[i]) < suggestFrom) break;
    if (slices.isDue) await slices.pause();
    const [a, b] = [names.of(pairs.a[i]), names.of(pairs.b[i])];
    const id = suggestionId(a, b);
    const two = twoProfiles(router, a, b);
    if (two === undefined || store.isDecided(id) || ids.has(id) || areKeptApart(router, store, ...two) === true)
      continue;
    ids.add(id);
    const { priorWeight, crowdWeight, fields, weight, probability } = result.explain(pairs.a[i], pairs.b[i]);
    const evidence = fields.map(({ field, level, valueA, valueB, weight: own, rarityWeight }) => {
      return { field, level, a: valueA, b: valueB, weight: own + rarityWeight };
    });
    // Never −0, which JSON does not know.
    const base = { probability, weight, priorWeight, crowdWeight: crowdWeight + 0 };
    found.push({ id, state: 'open', a, b, ...base, evidence, suggestedAt });
  }
  return found;
}

/** Undefined when they are gone, or one. */
function twoProfiles(router: Router, a: Identifier, b: Identifier): [ProfileAddress, ProfileAddress] | undefined {
  const first = router.locate(a);
  const second = router.locate(b);
  return first === undefined || second === undefined || areSame(first, second) ? undefined : [first, second];
}
