/** A customer in the naive model: all that came under the identifiers of one person, folded, and its rendering as a lookup shows it. */
import type { Identifier } from '../../../src/model/profile.ts';
import { itemsOf, nameOf, type Person } from './identity-graph.ts';
import type { JsonObject } from './json-value.ts';
import { mergeTraits } from './trait-merge.ts';

export interface NaiveEvent {
  readonly name: string;
  readonly timeMs: number;
  /** Breaks ties of time. */
  readonly arrival: number;
  readonly messageId: string;
  readonly properties: JsonObject;
  readonly context: JsonObject | undefined;
}

export interface NaiveProfile {
  readonly id: string;
  readonly identifiers: readonly Identifier[];
  readonly traits: JsonObject;
  /** NaN at a moment when nothing was known of the profile. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly events: readonly NaiveEvent[];
}

/** Oldest first: by time, then by arrival. */
export function timeline(profile: NaiveProfile): readonly NaiveEvent[] {
  return inOrder(profile.events);
}

function inOrder<T extends { readonly timeMs: number; readonly arrival: number }>(list: readonly T[]): readonly T[] {
  return list.toSorted((a, b) => a.timeMs - b.timeMs || a.arrival - b.arrival);
}

/** Whoever is one person now, with what was known of them at the moment; absent = now. */
export function profileOf(person: Person, atMs = Number.POSITIVE_INFINITY): NaiveProfile {
  const items = itemsOf(person);
  const { type, value } = nameOf(person).identifier;
  const known = items.filter(({ timeMs }) => timeMs <= atMs);
  const times = known.map(({ timeMs }) => timeMs);
  return {
    id: type === 'user_id' ? value : `${type}:${value}`,
    identifiers: person.filter((node) => isKnown(node, atMs)).map(({ identifier }) => identifier),
    traits: inOrder(known).reduce<JsonObject>((traits, item) => mergeTraits(traits, item.traits ?? {}), {}),
    firstSeenMs: times.length === 0 ? Number.NaN : Math.min(...times),
    lastSeenMs: times.length === 0 ? Number.NaN : Math.max(...times),
    events: known.flatMap(({ event, timeMs, arrival, messageId, context }) =>
      event === undefined ? [] : [{ ...event, timeMs, arrival, messageId, context }],
    ),
  };
}

export function isoText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** An identifier is known from when the person got it, to the second, or from the first item of then that came under it. */
function isKnown({ atMs, items }: Person[number], untilMs: number): boolean {
  return Math.floor(atMs / 1_000) * 1_000 <= untilMs || items.some(({ timeMs }) => timeMs <= untilMs);
}

/** What a condition sees beside the sent traits, and in their place. */
export function seenTraits({ firstSeenMs, lastSeenMs }: NaiveProfile): JsonObject {
  return Number.isNaN(firstSeenMs) ? {} : { first_seen: isoText(firstSeenMs), last_seen: isoText(lastSeenMs) };
}

/** The profile as a lookup answers it, newest event first; of one of whom nothing was known yet only the id. */
export function renderProfile(profile: NaiveProfile, eventCount: number): JsonObject {
  if (Number.isNaN(profile.firstSeenMs)) return { id: profile.id };
  const counts = new Map<string, number>();
  for (const event of profile.events) counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
  const events = timeline(profile)
    .toReversed()
    .slice(0, eventCount)
    .map(({ name, timeMs, properties, messageId, context }) => ({
      event: name,
      timestamp: isoText(timeMs),
      properties,
      messageId,
      ...(context === undefined ? {} : { context }),
    }));
  return {
    id: profile.id,
    identifiers: profile.identifiers.map(({ type, value }) => ({ type, value })),
    traits: profile.traits,
    first_seen: isoText(profile.firstSeenMs),
    last_seen: isoText(profile.lastSeenMs),
    counts: Object.fromEntries(counts),
    segments: [],
    ...(eventCount > 0 ? { events } : {}),
  };
}
