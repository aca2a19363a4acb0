/** Identity by a person's word, at a router: finds the shards concerned and lets one of them do it. */
import type { EnrichmentAnswer, EnrichmentRecord, EnrichmentRequest } from '../../model/enrichment.ts';
import { EngineError } from '../../model/error.ts';
import type { IdentitySettings } from '../../model/identity.ts';
import type {
  IdentityGraph,
  IdentitySettingsAnswer,
  MergeAnswer,
  MergeRequest,
  RuleImpact,
  UnmergeAnswer,
  UnmergeRequest,
} from '../../model/identity-request.ts';
import type { RejectedItem } from '../../model/ingest.ts';
import type { Identifier } from '../../model/profile.ts';
import { textOf } from '../../shard/identity-entry.ts';
import type { MergeArgs } from '../serve/identity-calls.ts';
import type { Found, PersonAsker } from './person-asker.ts';
import type { ShardCaller } from './shard-caller.ts';

const TIMEOUT_MS = 60_000;
const EXAMPLE_COUNT_MAX = 5;

export interface ClusterIdentityParts {
  readonly caller: ShardCaller;
  readonly persons: PersonAsker;
  readonly shardCount: () => number;
}

export class ClusterIdentity {
  readonly #parts: ClusterIdentityParts;

  constructor(parts: ClusterIdentityParts) {
    this.#parts = parts;
  }

  graph(identifier: Identifier): Promise<IdentityGraph | undefined> {
    return this.#parts.persons.ask(identifier, 'graph', []) as Promise<IdentityGraph | undefined>;
  }

  /** Errors: profile_not_found, merge_refused, overloaded, shard_unavailable. */
  async merge({ into, from, ...rest }: MergeRequest, reason: MergeArgs['reason'] = 'request'): Promise<MergeAnswer> {
    const first = await this.#find(into);
    const second = await this.#find(from);
    const request: MergeArgs = { ...rest, into: first.identifier, from: second.identifier, reason };
    return this.#parts.caller.call(first.shard, 'merge', request, { timeoutMs: TIMEOUT_MS });
  }

  /** Errors: profile_not_found, merge_not_found, invalid_request, overloaded, shard_unavailable. */
  async unmerge(request: UnmergeRequest): Promise<UnmergeAnswer> {
    const { shard, identifier } = await this.#find(request.profile);
    return this.#parts.caller.call(shard, 'unmerge', { ...request, profile: identifier }, { timeoutMs: TIMEOUT_MS });
  }

  async #find(identifier: Identifier): Promise<Found> {
    const found = await this.#parts.persons.find(identifier);
    if (found !== undefined) return found;
    throw new EngineError('profile_not_found', `nobody has ${textOf(identifier).slice(0, 200)}`);
  }

  /** Errors: as of an engine in one process; shard_unavailable. */
  async enrich({ source, priority, records }: EnrichmentRequest): Promise<EnrichmentAnswer> {
    const byShard = new Map<number, number[]>();
    const placed: EnrichmentRecord[] = [];
    await Promise.all(
      records.map(async (record, index) => {
        const found = await this.#firstOf(record);
        placed[index] = found === undefined ? record : { ...record, who: [found.identifier] };
        // Nobody's: any shard says so.
        const shard = found?.shard ?? 0;
        const indexes = byShard.get(shard);
        if (indexes === undefined) byShard.set(shard, [index]);
        else indexes.push(index);
      }),
    );
    // Whether source and priority are in order is told even where there is nothing to join.
    if (byShard.size === 0) byShard.set(0, []);
    const total = { matched: 0, duplicates: 0, unmatched: [] as RejectedItem[], rejected: [] as RejectedItem[] };
    await Promise.all(
      [...byShard].map(async ([shard, indexes]) => {
        const request: EnrichmentRequest = {
          source,
          priority,
          records: indexes.sort((a, b) => a - b).map((index) => placed[index]),
        };
        const told = await this.#parts.caller.call<EnrichmentAnswer>(shard, 'enrich', request, {
          timeoutMs: TIMEOUT_MS,
        });
        total.matched += told.matched;
        total.duplicates += told.duplicates;
        for (const one of told.unmatched) total.unmatched.push({ ...one, index: indexes[one.index] });
        for (const one of told.rejected) total.rejected.push({ ...one, index: indexes[one.index] });
      }),
    );
    total.unmatched.sort((a, b) => a.index - b.index);
    total.rejected.sort((a, b) => a.index - b.index);
    return total;
  }

  async #firstOf({ who }: EnrichmentRecord): Promise<Found | undefined> {
    for (const reading of who) {
      const found = await this.#parts.persons.find(reading);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  settings(): Promise<IdentitySettings> {
    return this.#parts.caller.call(0, 'identity_settings', null, { timeoutMs: TIMEOUT_MS });
  }

  /**
   * Every shard has looked at the rules before the first puts them in force. A shard that fails then is told again by sending the rules again.
   * Errors: invalid_identity_settings, storage_failed, shard_unavailable.
   */
  async put(json: unknown, dryRun: boolean): Promise<IdentitySettingsAnswer> {
    const answers = await this.#ask(json, true);
    if (!dryRun) await this.#ask(json, false);
    return { settings: answers[0].settings, impact: mergeImpact(answers.map(({ impact }) => impact)), isDone: !dryRun };
  }

  #ask(json: unknown, dryRun: boolean): Promise<IdentitySettingsAnswer[]> {
    const { caller, shardCount } = this.#parts;
    const shards = Array.from({ length: shardCount() }, (_, shard) => shard);
    return Promise.all(
      shards.map((shard) =>
        caller.call<IdentitySettingsAnswer>(
          shard,
          'set_identity_settings',
          { json, dryRun },
          { timeoutMs: TIMEOUT_MS },
        ),
      ),
    );
  }
}

/** As if one engine had looked at all profiles: counts added up, the first examples kept. */
export function mergeImpact(parts: readonly RuleImpact[]): RuleImpact {
  return {
    profiles: sum(parts, ({ profiles }) => profiles),
    overLimit: mergeBy(
      parts.flatMap(({ overLimit }) => overLimit),
      ({ type }) => type,
      (a, b) => ({ ...a, profiles: a.profiles + b.profiles, examples: some([...a.examples, ...b.examples]) }),
    ),
    noIdentifiers: mergeBy(
      parts.flatMap(({ noIdentifiers }) => noIdentifiers),
      ({ type }) => type,
      (a, b) => ({ ...a, identifiers: a.identifiers + b.identifiers, examples: some([...a.examples, ...b.examples]) }),
    ),
    refusedLinks: sum(parts, ({ refusedLinks }) => refusedLinks),
    changedTraits: mergeBy(
      parts.flatMap(({ changedTraits }) => changedTraits),
      ({ trait }) => trait,
      (a, b) => ({ ...a, profiles: a.profiles + b.profiles, examples: some([...a.examples, ...b.examples]) }),
    ),
  };
}

function sum<T>(parts: readonly T[], of: (part: T) => number): number {
  return parts.reduce((total, part) => total + of(part), 0);
}

function some<T>(examples: readonly T[]): readonly T[] {
  return examples.slice(0, EXAMPLE_COUNT_MAX);
}

function mergeBy<T>(parts: readonly T[], keyOf: (part: T) => string, merge: (a: T, b: T) => T): readonly T[] {
  const merged = new Map<string, T>();
  for (const part of parts) {
    const before = merged.get(keyOf(part));
    merged.set(keyOf(part), before === undefined ? part : merge(before, part));
  }
  return [...merged.values()];
}
