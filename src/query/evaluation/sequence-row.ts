/**
 * A sequence on one profile, by following the chains of its events: for few candidates, and for `why`, which wants the events too.
 * Reads the columns as they are now, but no event beyond the counts of the instant: what is there never changes.
 */
import { type EventTable, NONE } from '../../profile/event-table.ts';
import type { EventSelection, SequenceTest } from '../binder/bound-expression.ts';
import { compileIndexTest, type IndexTest } from './index-test.ts';
import { SequenceState } from './sequence-state.ts';
import { shapeOf, type Use, usesOf } from './sequence-use.ts';

export interface SequenceEvent {
  readonly table: EventTable;
  readonly index: number;
  readonly timeMs: number;
}

interface FoundEvent extends SequenceEvent {
  readonly uses: readonly CompiledUse[];
  readonly arrival: number;
}
interface CompiledUse extends Use {
  readonly fits: IndexTest;
}
interface Assignment {
  readonly event: SequenceEvent;
  readonly before: Assignment | undefined;
}
interface TableUses {
  readonly table: EventTable;
  readonly eventCount: number;
  readonly uses: readonly CompiledUse[];
}

export class SequenceRow {
  readonly #tables: readonly TableUses[];
  readonly #untilMs: number;
  readonly #stepCount: number;
  readonly #state: SequenceState;

  /** `eventCountOf`: events of the table that exist at the instant. */
  constructor(test: SequenceTest, eventCountOf: (table: EventTable) => number) {
    this.#untilMs = test.range.untilMs;
    this.#stepCount = test.steps.length;
    this.#state = new SequenceState(shapeOf(test));
    this.#tables = usesOf(test.steps).map(({ table, uses }) => ({
      table,
      eventCount: eventCountOf(table),
      uses: uses.map((use) => ({ ...use, fits: fitsOf(use.events) })),
    }));
  }

  /** Events that `holds` and `find` would look at. */
  eventCount(row: number): number {
    let count = 0;
    for (const { table } of this.#tables) {
      const slot = table.slotOf(row);
      if (slot >= 0) count += table.countAt(slot);
    }
    return count;
  }

  holds(row: number): boolean {
    return this.find(row) !== undefined;
  }

  /** The events of one assignment in the order of the steps, or undefined when the sequence does not hold. */
  find(row: number): readonly SequenceEvent[] | undefined {
    const state = this.#state;
    state.reset();
    /** Per step, the assignment that ends in the latest event of it. */
    const ends: Assignment[] = [];
    const events = this.#eventsOf(row);
    for (let position = 0; position < events.length; position++) {
      const event = events[position];
      for (const { kind, step, fits } of event.uses) {
        if (!fits(event.index)) continue;
        if (kind === 'bar') state.bar(step, position);
        else if (state.offer(step, event.timeMs, position)) {
          ends[step] = { event, before: ends[step - 1] };
          if (step === this.#stepCount - 1) return eventsOf(ends[step]);
        }
      }
    }
    return undefined;
  }

  /** All events of the tables that the sequence speaks of, in order. */
  #eventsOf(row: number): FoundEvent[] {
    const found: FoundEvent[] = [];
    for (const { table, eventCount, uses } of this.#tables) {
      const slot = table.slotOf(row);
      if (slot < 0) continue;
      for (let index = table.participantLasts.get(slot); index !== NONE; index = table.previous.get(index)) {
        if (index >= eventCount) continue;
        const timeMs = table.times.get(index);
        if (timeMs < this.#untilMs) found.push({ table, uses, index, timeMs, arrival: table.arrivals.get(index) });
      }
    }
    return found.sort((a, b) => a.timeMs - b.timeMs || a.arrival - b.arrival);
  }
}

function fitsOf({ where }: EventSelection): IndexTest {
  return compileIndexTest(where);
}

function eventsOf(end: Assignment): readonly SequenceEvent[] {
  const events: SequenceEvent[] = [];
  for (let at: Assignment | undefined = end; at !== undefined; at = at.before) {
    const { table, index, timeMs } = at.event;
    events.push({ table, index, timeMs });
  }
  return events.reverse();
}
