/**
 * Which events a page shows: of all that are offered, the first `limit` behind a position, and one more to know whether there is more.
 * Holds a few times that many at once, however many are offered, and all events of the position's own instant.
 *
 * A position names an event by its time and message id. Events of one millisecond are told apart by their order of arrival, so what
 * comes later may stand before the position and is not seen, but nothing is seen twice and nothing that was there is left out.
 */
import type { EventPageRequest, EventPosition } from '../../model/profile-page.ts';
import type { EventTable } from '../event-table.ts';
import { compareItems, type Item } from './item-origin.ts';

interface TimedItem extends Item {
  readonly timeMs: number;
}

/** Kept before they are sorted and cut back, as a multiple of the page. */
const SLACK_FACTOR = 4;

export class EventSelection {
  readonly #position: EventPosition | undefined;
  readonly #sign: number;
  readonly #count: number;
  /** Both inclusive. */
  readonly #fromMs: number;
  readonly #toMs: number;
  /** At the position's own instant. */
  readonly #ties: TimedItem[] = [];
  #items: TimedItem[] = [];
  /** Nothing beyond this time can be on the page any more. */
  #boundMs: number | undefined;

  constructor({ limit, after, isAscending, startMs, endMs, asOfMs }: EventPageRequest) {
    this.#position = after;
    this.#sign = isAscending === true ? 1 : -1;
    this.#count = limit + 1;
    let fromMs = startMs ?? Number.NEGATIVE_INFINITY;
    let toMs = Math.min(asOfMs ?? Number.POSITIVE_INFINITY, (endMs ?? Number.POSITIVE_INFINITY) - 1);
    if (after !== undefined && isAscending === true) fromMs = Math.max(fromMs, after.timeMs);
    if (after !== undefined && isAscending !== true) toMs = Math.min(toMs, after.timeMs);
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  fits(timeMs: number): boolean {
    if (timeMs < this.#fromMs || timeMs > this.#toMs) return false;
    return this.#boundMs === undefined || (timeMs - this.#boundMs) * this.#sign <= 0;
  }

  /** Whether nothing so old or older is wanted. */
  isDone(timeMs: number): boolean {
    if (timeMs < this.#fromMs) return true;
    return this.#sign < 0 && this.#boundMs !== undefined && timeMs < this.#boundMs;
  }

  add(table: EventTable, index: number, timeMs: number): void {
    if (timeMs === this.#position?.timeMs) {
      this.#ties.push({ table, index, timeMs });
      return;
    }
    this.#items.push({ table, index, timeMs });
    if (this.#items.length >= this.#count * SLACK_FACTOR) this.#cut();
  }

  #cut(): void {
    this.#sort(this.#items);
    this.#items.length = this.#count;
    this.#boundMs = this.#items[this.#count - 1].timeMs;
  }

  #sort(items: TimedItem[]): void {
    items.sort((a, b) => this.#sign * (a.timeMs - b.timeMs || compareItems(a, b)));
  }

  /** In order; the page begins at `start`, what stands before it is of the position's instant. */
  finish(): { readonly items: readonly Item[]; readonly start: number } {
    this.#sort(this.#ties);
    this.#sort(this.#items);
    return { items: [...this.#ties, ...this.#items], start: this.#start() };
  }

  /** Behind the position; at the first of its instant when its event is gone. */
  #start(): number {
    const position = this.#position;
    if (position === undefined) return 0;
    let seen = 0;
    const at = this.#ties.findIndex(({ table, index }) => {
      if (table.messageIds.text(index) === position.messageId) seen += 1;
      return seen === position.nth;
    });
    return at + 1;
  }
}
