/** A customer in the naive model: a plain mutable record, and its rendering as a lookup shows it. */
import type { Identifier } from '../../../src/model/profile.ts';
import type { JsonObject } from './json-value.ts';

export interface NaiveEvent {
  readonly name: string;
  readonly timeMs: number;
  /** Order of arrival over the whole model; breaks ties of time. */
  readonly arrival: number;
  readonly messageId: string;
  readonly properties: JsonObject;
  readonly context: JsonObject | undefined;
}

export interface NaiveProfile {
  id: string;
  readonly identifiers: Identifier[];
  traits: JsonObject;
  firstSeenMs: number;
  lastSeenMs: number;
  readonly events: NaiveEvent[];
}

/** Oldest first: by time, then by arrival. */
export function timeline(profile: NaiveProfile): readonly NaiveEvent[] {
  return profile.events.toSorted((a, b) => a.timeMs - b.timeMs || a.arrival - b.arrival);
}

export function isoText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** The profile as a lookup answers it, newest event first. */
export function renderProfile(profile: NaiveProfile, eventCount: number): JsonObject {
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
