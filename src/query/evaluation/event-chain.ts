/**
 * The events of one profile that a test speaks of: its own chain followed back from the last event, into a list that is used
 * again. A step is a cache miss or two (about 60 ns). Reads the columns as they are now, but no event beyond `eventCount`: what is
 * there never changes.
 */
import { type EventTable, NONE } from '../../profile/event-table.ts';
import type { EventTest } from '../binder/bound-expression.ts';
import type { TimeRange } from '../binder/window.ts';
import { compileIndexTest, type IndexTest } from './index-test.ts';

export class EventChain {
  /** The first `count` are the events found last, newest arrival first. */
  readonly indexes: number[] = [];
  count = 0;
  readonly #table: EventTable;
  readonly #range: TimeRange;
  readonly #eventCount: number;
  /** Undefined = every event fits. */
  readonly #where: IndexTest | undefined;

  constructor({ table, range, where }: Pick<EventTest, 'table' | 'range' | 'where'>, eventCount: number) {
    this.#table = table;
    this.#range = range;
    this.#eventCount = eventCount;
    this.#where = where.kind === 'constant' && where.value ? undefined : compileIndexTest(where);
  }

  /** Stops at `enough` events, and where the chain has gone past the window in order of time. */
  collect(slot: number, enough: number): void {
    this.count = 0;
    if (enough <= 0) return;
    const table = this.#table;
    const { fromMs, untilMs } = this.#range;
    const where = this.#where;
    const isOrdered = table.isOrdered(slot);
    const { times, previous } = table;
    let count = 0;
    let index = table.participantLasts.get(slot);
    while (index !== NONE) {
      if (index < this.#eventCount) {
        const timeMs = times.get(index);
        if (timeMs >= fromMs) {
          if (timeMs < untilMs && (where === undefined || where(index))) {
            this.indexes[count++] = index;
            if (count >= enough) break;
          }
        } else if (isOrdered) {
          break;
        }
      }
      index = previous.get(index);
    }
    this.count = count;
  }

  /** The earliest or latest event found that `isOf`, ties by arrival; NONE when there is none. */
  edge(isFirst: boolean, isOf: IndexTest): number {
    const { times } = this.#table;
    let best = NONE;
    let bestMs = 0;
    // Oldest arrival first, so that a tie goes to the earlier one for `first` and to the later one for `last`.
    for (let i = this.count - 1; i >= 0; i--) {
      const index = this.indexes[i];
      if (!isOf(index)) continue;
      const timeMs = times.get(index);
      if (best !== NONE && (isFirst ? timeMs >= bestMs : timeMs < bestMs)) continue;
      best = index;
      bestMs = timeMs;
    }
    return best;
  }
}
