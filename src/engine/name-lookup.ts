/**
 * Which names the shards of this process never saw, and what is near to them. A name is known when any shard has a column that its path
 * reaches: exactly, below (an object), or through an array. What several processes say is merged in the order of their shards.
 */

import { nearestWord } from '../base/nearest-word.ts';
import { joinPath, splitPath } from '../base/path.ts';
import { GROUP_JOINED } from '../model/call-event.ts';
import type { ShardData } from '../profile/shard-data.ts';
import type { ValueColumn } from '../profile/value-column.ts';
import { isNothing, reachPath, reachProperty } from '../query/binder/path-reach.ts';
import type { Shard } from '../shard/shard.ts';
import type { NamedThing } from './name-walk.ts';

/** Names of a shard that are measured against one that is unknown. */
const CANDIDATE_COUNT_MAX = 20_000;
/** Traits that the engine keeps itself. */
const OWN_TRAITS: readonly string[] = ['first_seen', 'last_seen'];
/** The event that a group call is kept as; what it says of the account is below `traits`. */
const ACCOUNT_TRAIT_PREFIX = 'traits.';

/** Those that no shard here knows, as indexes into `names`, ascending. */
export function unknownNames(shards: readonly Shard[], names: readonly NamedThing[]): readonly number[] {
  const unknown: number[] = [];
  names.forEach((thing, i) => {
    if (!shards.some((shard) => isKnown(shard.data, thing))) unknown.push(i);
  });
  return unknown;
}

/** Unknown is what is unknown to all. */
export function mergeUnknown(parts: readonly (readonly number[])[]): readonly number[] {
  const [first = [], ...others] = parts;
  const sets = others.map((part) => new Set(part));
  return first.filter((index) => sets.every((other) => other.has(index)));
}

/** For each name the nearest that is known here, null where none is near. */
export function nearestNames(shards: readonly Shard[], names: readonly NamedThing[]): readonly (string | null)[] {
  const parts = shards.map(({ data }) => names.map((thing) => nearName(thing.name, candidatesOf(data, thing)) ?? null));
  return mergeNearest(names, parts);
}

/** Of equally near ones the first shard's. */
export function mergeNearest(
  names: readonly NamedThing[],
  parts: readonly (readonly (string | null)[])[],
): readonly (string | null)[] {
  return names.map(({ name }, i) => {
    const near = parts.map((part) => part[i]).filter((candidate) => candidate !== null);
    return nearestWord(name, near) ?? null;
  });
}

function isKnown(data: ShardData, thing: NamedThing): boolean {
  switch (thing.kind) {
    case 'trait':
      return OWN_TRAITS.includes(thing.name) || !isNothing(reachPath(data.profiles.traits, splitPath(thing.name)));
    case 'accountTrait':
      return OWN_TRAITS.includes(thing.name) || hasProperty(data, GROUP_JOINED, ACCOUNT_TRAIT_PREFIX + thing.name);
    case 'event':
      return data.tableOf(thing.name) !== undefined;
    case 'property':
      return hasProperty(data, thing.event, thing.name);
  }
}

function hasProperty(data: ShardData, event: string, path: string): boolean {
  const table = data.tableOf(event);
  if (table === undefined) return false;
  const { properties, contexts } = reachProperty(table, path);
  return !isNothing(properties) || contexts !== undefined;
}

function candidatesOf(data: ShardData, thing: NamedThing): Iterable<string> {
  switch (thing.kind) {
    case 'trait':
      return [...OWN_TRAITS, ...namesOf(data.profiles.traits)];
    case 'accountTrait': {
      const names = namesOf(data.tableOf(GROUP_JOINED)?.properties ?? []);
      const own = names.filter((name) => name.startsWith(ACCOUNT_TRAIT_PREFIX));
      return [...OWN_TRAITS, ...own.map((name) => name.slice(ACCOUNT_TRAIT_PREFIX.length))];
    }
    case 'event':
      return data.tables.map((table) => table.name);
    case 'property':
      return namesOf(data.tableOf(thing.event)?.properties ?? []);
  }
}

function namesOf(columns: readonly ValueColumn[]): readonly string[] {
  return columns.slice(0, CANDIDATE_COUNT_MAX).map(({ segments }) => joinPath(segments));
}

/** Names too much longer or shorter are not measured. */
function nearName(name: string, candidates: Iterable<string>): string | undefined {
  const reach = Math.max(1, Math.floor(name.length / 3));
  const near: string[] = [];
  for (const candidate of candidates) if (Math.abs(candidate.length - name.length) <= reach) near.push(candidate);
  return nearestWord(name, near);
}
