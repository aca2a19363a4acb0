/**
 * Every identify and alias call that a profile ever got, as events of a table of its own that no question sees: the properties
 * are the traits as they were sent. A profile's traits are nothing but a fold over these calls in the order of their times (those
 * that only fill gaps before all others, see `enrichment-mark.ts`), so they can be had for any past moment, and for any part of the profile after an unmerge.
 *
 * Texts share the dictionaries of the trait columns. A call costs 28 bytes, a code a trait, and some 13 bytes once a profile.
 */
import type { NameInterner } from '../ingest/name-interner.ts';
import { ROOT_TRAITS } from '../ingest/name-interner.ts';
import type { LoadContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import { fillsFirst } from './enrichment-mark.ts';
import { EventTable, type EventTableOptions } from './event-table.ts';
import type { ProfileTable } from './profile-table.ts';

const HISTORY_NAME = '$identify';

function optionsOf(profiles: ProfileTable, names: NameInterner): EventTableOptions {
  return { isPrivate: true, propertyRoot: ROOT_TRAITS, lenderOf: (path) => profiles.columnAt(path, names) };
}

export function newTraitHistory(memory: SlabMemory, profiles: ProfileTable, names: NameInterner): EventTable {
  return new EventTable(memory, HISTORY_NAME, optionsOf(profiles, names));
}

export function loadTraitHistory(
  context: LoadContext,
  state: SavedState,
  profiles: ProfileTable,
  names: NameInterner,
): EventTable {
  return EventTable.load(context, state, names, optionsOf(profiles, names));
}

/** The participant of a profile in a table that is no part of its timeline; made when it has none. */
export function privateSlot(table: EventTable, row: number): number {
  const slot = table.slotOf(row);
  return slot >= 0 ? slot : table.addPrivateParticipant(row);
}

/** A profile's calls in the order of the fold: those that fill gaps, then the others, each by time, then arrival; only those up to `untilMs`. */
export function callsInOrder(history: EventTable, row: number, untilMs = Number.POSITIVE_INFINITY): Uint32Array {
  return fillsFirst(history, callsByTime(history, row, untilMs));
}

/** The same by time alone. */
export function callsByTime(history: EventTable, row: number, untilMs = Number.POSITIVE_INFINITY): Uint32Array {
  const slot = history.slotOf(row);
  if (slot < 0) return new Uint32Array(0);
  const calls = history.eventsOf(slot);
  const kept =
    untilMs === Number.POSITIVE_INFINITY ? calls : calls.filter((call) => history.times.get(call) <= untilMs);
  if (!history.isOrdered(slot)) kept.sort((a, b) => history.times.get(a) - history.times.get(b) || a - b);
  return kept;
}
