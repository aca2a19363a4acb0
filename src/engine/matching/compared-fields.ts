/**
 * Which traits profiles are compared by: those that were named, else those that look like personal data. Every shard tells what it has, and
 * what all of them together mean is decided by whoever asked.
 */
import { joinPath } from '../../base/path.ts';
import { EngineError } from '../../model/error.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { personalRank } from './personal-trait.ts';

/** As many as can be compared. */
export const FIELD_COUNT_MAX = 16;

export interface KnownFields {
  /** Of those that were named, what this shard has. */
  readonly known: readonly string[];
  /** Traits that look like personal data with their ranks, the best first; more than these are never compared. */
  readonly personal: readonly (readonly [field: string, rank: number])[];
}

/** What one shard has of them. */
export function knownFields({ profiles }: ShardData, wanted: readonly string[] | undefined): KnownFields {
  if (wanted !== undefined) {
    const paths = new Set(profiles.traits.map(({ segments }) => joinPath(segments)));
    return { known: wanted.filter((field) => paths.has(field)), personal: [] };
  }
  const personal: [string, number][] = [];
  for (const { segments, strings, numbers } of profiles.traits) {
    const rank = strings === undefined && numbers === undefined ? undefined : personalRank(segments);
    if (rank !== undefined) personal.push([joinPath(segments), rank]);
  }
  return { known: [], personal: personal.sort(byRank).slice(0, FIELD_COUNT_MAX) };
}

/** Errors: invalid_request, for what no shard needs to be asked about. */
export function checkWanted(wanted: readonly string[] | undefined): void {
  if (wanted === undefined) return;
  if (wanted.length === 0) throw new EngineError('invalid_request', '"fields" must name at least one trait');
  if (wanted.length > FIELD_COUNT_MAX) {
    throw new EngineError('invalid_request', `${wanted.length} fields; at most ${FIELD_COUNT_MAX} can be compared`);
  }
  if (new Set(wanted).size < wanted.length) {
    throw new EngineError('invalid_request', '"fields" names a trait twice');
  }
}

/** `parts`: of every shard. Errors: invalid_request. */
export function fieldsOf(wanted: readonly string[] | undefined, parts: readonly KnownFields[]): readonly string[] {
  if (wanted !== undefined) {
    const known = new Set(parts.flatMap((part) => part.known));
    const stranger = wanted.find((field) => !known.has(field));
    if (stranger === undefined) return wanted;
    throw new EngineError('invalid_request', `no profile has a trait ${JSON.stringify(stranger.slice(0, 64))}`);
  }
  const ranks = new Map(parts.flatMap(({ personal }) => personal));
  if (ranks.size === 0) {
    const message = 'no trait looks like personal data; name the traits to compare by in "fields"';
    throw new EngineError('invalid_request', message);
  }
  return [...ranks]
    .sort(byRank)
    .slice(0, FIELD_COUNT_MAX)
    .map(([field]) => field)
    .sort();
}

function byRank([one, rank]: readonly [string, number], [other, otherRank]: readonly [string, number]): number {
  return rank - otherRank || (one < other ? -1 : 1);
}
