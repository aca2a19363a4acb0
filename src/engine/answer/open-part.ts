/** One part that was opened for another process, with the loads of what it gave: how it is asked further, cancelled and closed. */
import { type CancelSignal, CancelSource, timeLimitReached } from '../../base/cancel-source.ts';
import { EngineError } from '../../model/error.ts';
import type { QueryPlan } from '../../model/query.ts';
import { assertGoing } from '../../query/execution/cancellation.ts';
import type { Cut } from './cut.ts';
import type { FurtherAnswer, FurtherAsk } from './further.ts';
import { Parcel, type ParcelHead } from './parcel.ts';
import type { Further, Plain } from './part-kind.ts';

export interface Served {
  readonly packed: Plain;
  readonly watermark: number;
  readonly cut: Cut;
  readonly plan: QueryPlan | undefined;
  readonly further: Further | undefined;
}

export class OpenPart {
  readonly #controller = new CancelSource();
  readonly #onClosed: (() => void)[] = [];
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;
  /** By number; the first answer's is 0. One is gone with its last load. */
  readonly #parcels = new Map<number, Parcel>();
  #nextParcel = 0;
  #further: Further | undefined;
  #isClosed = false;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.onClosed(resolve);
    });
  }

  /** Aborted when somebody who waits for an answer leaves, or the part is closed. */
  get signal(): CancelSignal {
    return this.#controller.signal;
  }

  /** Whether anything can still be asked. */
  get hasMore(): boolean {
    return !this.#isClosed && (this.#further !== undefined || this.#parcels.size > 0);
  }

  onClosed(done: () => void): void {
    this.#onClosed.push(done);
  }

  /** Work for somebody whose leaving ends it all. Errors: query_cancelled, query_timeout. */
  async during<T>(signal: CancelSignal | undefined, work: () => Promise<T>): Promise<T> {
    const leave = (): void => this.#controller.abort(signal?.reason);
    if (signal?.aborted === true) leave();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      const found = await work();
      assertGoing(this.signal);
      return found;
    } finally {
      signal?.removeEventListener('abort', leave);
      if (signal?.aborted === true) this.close();
    }
  }

  hold({ packed, further }: Served): ParcelHead {
    this.#further = further;
    return this.#parcelOf(packed).part;
  }

  async further(ask: FurtherAsk): Promise<FurtherAnswer> {
    if ('ask' in ask && this.#further !== undefined) return this.#parcelOf(await this.#further(ask.ask));
    const parcel = 'ask' in ask ? undefined : this.#parcels.get(ask.parcel);
    if (parcel === undefined || 'ask' in ask) throw new EngineError('internal', 'the part has no more of that');
    const load = parcel.load(ask.load);
    if (ask.load === parcel.head.loadCount - 1) this.#parcels.delete(ask.parcel);
    return { load };
  }

  #parcelOf(packed: Plain): { readonly part: ParcelHead; readonly parcel: number } {
    const parcel = new Parcel(packed);
    const number = this.#nextParcel++;
    if (parcel.head.loadCount > 0) this.#parcels.set(number, parcel);
    return { part: parcel.head, parcel: number };
  }

  /** The question's time is over. */
  expire(): void {
    this.#controller.abort(timeLimitReached());
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parcels.clear();
    this.#further = undefined;
    this.#controller.abort();
    for (const done of this.#onClosed) done();
  }
}
