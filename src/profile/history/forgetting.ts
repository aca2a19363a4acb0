/**
 * Forgets values of traits that were overwritten before a moment: what the profile was at that moment and later, and what each part of it
 * would be after an unmerge, stays as it is.
 *
 * Of one identifier's calls before the moment the newest value of each trait stays, and all nulls and `{}`, which say no value. An older one is
 * dropped, since the newer does away with whatever the older did. A value that a null of the same identifier removed is dropped too, unless
 * there are values above it, which it may have done away with. Traits that go by `most_frequent` keep all: every call counts. Calls of profiles
 * that are gone keep nothing. A call of which nothing can be shown any more loses its context too; its time and message id stay.
 */
import * as tapeOf from '../../ingest/event-tape.ts';
import { isMarkColumn } from '../enrichment-mark.ts';
import type { EventTable } from '../event-table.ts';
import type { SurvivorshipRules } from '../survivorship.ts';
import { callsInOrder } from '../trait-history.ts';
import { isAbove } from './trait-trace.ts';

export interface ForgettingParts {
  readonly history: EventTable;
  readonly survivorship: SurvivorshipRules;
  isDead(row: number): boolean;
}

/** Whether `forgetBefore` would find something at the participant. */
export function hasForgettable(parts: ForgettingParts, slot: number, beforeMs: number): boolean {
  return !visitForgettable(parts, slot, beforeMs, () => false);
}

/** Clears what is to be forgotten of the participants of the history. Doing it twice does nothing more. */
export function forgetBefore(parts: ForgettingParts, slots: readonly number[], beforeMs: number): void {
  const { properties, contexts } = parts.history;
  for (const slot of slots) {
    const touched = new Set<number>();
    visitForgettable(parts, slot, beforeMs, (trait, call) => {
      properties[trait].clear(call);
      touched.add(call);
      return true;
    });
    for (const call of touched) {
      if (properties.some((column) => isShown(column.typeAt(call)))) continue;
      // What the call is does not change: an enrichment's null has a smaller say than the person's own.
      for (const column of contexts) if (!isMarkColumn(column)) column.clear(call);
    }
  }
}

/** Until `visit` says no; false when it did. */
function visitForgettable(
  parts: ForgettingParts,
  slot: number,
  beforeMs: number,
  visit: (trait: number, call: number) => boolean,
): boolean {
  const { history, survivorship } = parts;
  const row = history.participantRows.get(slot);
  const isDead = parts.isDead(row);
  // One call has nothing older.
  if (!isDead && history.countAt(slot) < 2) return true;
  const calls = callsInOrder(history, row, beforeMs - 1);
  for (let trait = 0; trait < history.properties.length; trait++) {
    const column = history.properties[trait];
    if (!isDead && survivorship.of(column.segments)?.rule === 'most_frequent') continue;
    const newest = new Map<number, number>();
    for (const call of calls) {
      const type = column.typeAt(call);
      if (type === 0) continue;
      if (isDead) {
        if (!visit(trait, call)) return false;
        continue;
      }
      const origin = history.origins.get(call);
      const older = newest.get(origin);
      if (isValue(type)) newest.set(origin, call);
      else if (type === tapeOf.LEAF_EMPTY || hasAbove(history, trait)) continue;
      else newest.delete(origin);
      if (older !== undefined && !visit(trait, older)) return false;
    }
  }
  return true;
}

function isValue(type: number): boolean {
  return type !== 0 && type !== tapeOf.LEAF_NULL && type !== tapeOf.LEAF_EMPTY;
}

/** Whether a profile may show it, and where it came from. */
function isShown(type: number): boolean {
  return type !== 0 && type !== tapeOf.LEAF_NULL;
}

/** Whether anybody ever had a value above the trait. */
function hasAbove({ properties }: EventTable, trait: number): boolean {
  const { segments } = properties[trait];
  return segments.length > 1 && properties.some((other) => isAbove(other.segments, segments));
}
