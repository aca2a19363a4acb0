/**
 * One run: reads the profiles in slices, lets workers of its own compare them, merges at once what the rules allow (off by default), and
 * puts the likely pairs up for a person to decide. Profiles may change meanwhile: each pair is looked up again before it counts.
 */

import { isPromise } from '../../base/awaitable.ts';
import type { CancelSignal } from '../../base/cancel-source.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import { type LinkageResult, linkRecords } from '../../linkage/link-records.ts';
import { RawRecordsBuilder } from '../../linkage/raw-records.ts';
import { probabilityOf } from '../../linkage/scored-pairs.ts';
import type { IdentitySettings } from '../../model/identity.ts';
import type { MatchingState, Suggestion } from '../../model/matching.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import { Slices } from '../schema/slices.ts';
import { assertRoomFor, type MatchingPeople, type Pair, type RecordNames } from './matching-people.ts';
import { OPEN_COUNT_MAX, type SuggestionStore, suggestionId } from './suggestion-store.ts';

export interface MatchingParts {
  readonly people: MatchingPeople;
  readonly clock: Clock;
  readonly settings: () => IdentitySettings;
  readonly store: SuggestionStore;
  /** Workers that compare; made for a run and closed after it. */
  readonly makePool: () => WorkerPool;
  /** What the memory limit leaves. */
  readonly roomBytes: () => number;
}

/** What was asked for, checked. */
export interface MatchingPlan {
  readonly fields: readonly string[];
  readonly suggestFrom: number;
  readonly seed: number | undefined;
  readonly signal: CancelSignal;
  /** Told as it becomes known. */
  readonly tell: (news: Partial<MatchingState>) => void;
}

interface Found {
  readonly result: LinkageResult;
  readonly names: RecordNames;
}

/** Gives the suggestions. Errors: invalid_request, memory_limit, query_cancelled, those of asking, whatever the signal was aborted with. */
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
  { people, makePool, roomBytes }: MatchingParts,
  { fields, suggestFrom, seed, signal, tell }: MatchingPlan,
  slices: Slices,
  linkProbability: number | undefined,
): Promise<Found> {
  const builder = new RawRecordsBuilder(fields);
  const names = await people.read({
    fields,
    builder,
    slices,
    signal,
    progress: (done, total) => tell({ progress: { stage: 'read', done, total } }),
    assertRoom: (recordCount, nameBytes) => assertRoomFor(recordCount, builder.usedBytes, nameBytes, roomBytes()),
  });
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
  { people, settings }: MatchingParts,
  { tell }: MatchingPlan,
  slices: Slices,
  found: Found,
  from: number,
): Promise<void> {
  const { pairs, linked } = found.result;
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
    if (!(await people.mergeSure(pairAt(found, i)))) continue;
    merged += 1;
    tell({ merged });
  }
}

/** The likeliest that are two profiles still, whom nobody keeps apart. */
async function suggestionsOf(
  { people, store, clock }: MatchingParts,
  { suggestFrom }: MatchingPlan,
  slices: Slices,
  found: Found,
): Promise<readonly Suggestion[]> {
  const { pairs } = found.result;
  const suggestedAt = formatIsoDate(clock.nowMs());
  const suggestions: Suggestion[] = [];
  const ids = new Set<string>();
  let next = 0;
  while (next < pairs.count && suggestions.length < OPEN_COUNT_MAX) {
    const batch: { readonly pair: Pair; readonly id: string; readonly at: number }[] = [];
    for (; next < pairs.count && batch.length < people.pairsAtOnce; next++) {
      if (probabilityOf(pairs.weights[next]) < suggestFrom) {
        next = pairs.count;
        break;
      }
      if (slices.isDue) await slices.pause();
      const pair = pairAt(found, next);
      const id = suggestionId(...pair);
      if (store.isDecided(id) || ids.has(id)) continue;
      ids.add(id);
      batch.push({ pair, id, at: next });
    }
    const asked = people.standings(batch.map(({ pair }) => pair));
    const standings = isPromise(asked) ? await asked : asked;
    for (const [i, { pair, id, at }] of batch.entries()) {
      if (standings[i] === 'same' || standings[i] === 'apart' || suggestions.length === OPEN_COUNT_MAX) continue;
      if (slices.isDue) await slices.pause();
      suggestions.push({ id, state: 'open', a: pair[0], b: pair[1], ...explained(found.result, at), suggestedAt });
    }
  }
  return suggestions;
}

function pairAt({ result: { pairs, recordOf }, names }: Found, at: number): Pair {
  return [names.of(recordOf(pairs.a[at])), names.of(recordOf(pairs.b[at]))];
}

type Explained = Pick<Suggestion, 'probability' | 'weight' | 'priorWeight' | 'crowdWeight' | 'evidence'>;

function explained({ pairs, explain }: LinkageResult, at: number): Explained {
  const { priorWeight, crowdWeight, fields, weight, probability } = explain(pairs.a[at], pairs.b[at]);
  const evidence = fields.map(({ field, level, valueA, valueB, weight: own, rarityWeight }) => {
    return { field, level, a: valueA, b: valueB, weight: own + rarityWeight };
  });
  // Never −0, which JSON does not know.
  return { probability, weight, priorWeight, crowdWeight: crowdWeight + 0, evidence };
}
