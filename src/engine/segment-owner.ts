/**
 * Saved segments where they are kept, for processes that hold copies: every change is told with the revision that it made, in the order of
 * revisions. Warnings about names are not its business, since it knows one shard's names only.
 */
import type { Segment, SegmentRequest } from '../model/segment.ts';
import type { Clock } from '../runtime/clock.ts';
import type { SegmentChange } from './segment-replica.ts';
import { saveSegment } from './segment-service.ts';
import type { SegmentStore } from './segment-store.ts';

export interface SegmentList {
  readonly version: number;
  readonly segments: readonly Segment[];
}

export interface VersionedChange {
  readonly version: number;
  readonly change: SegmentChange;
}

export class SegmentOwner {
  readonly #store: SegmentStore;
  readonly #clock: Clock;

  constructor(store: SegmentStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Errors: as of `saveSegment`. */
  save(key: string, request: SegmentRequest): VersionedChange {
    const saved = saveSegment(this.#store, key, request, this.#clock.nowMs());
    return { version: this.#store.revision, change: { saved } };
  }

  /** Errors: as of `SegmentStore.delete`. */
  delete(key: string): VersionedChange {
    this.#store.delete(key);
    return { version: this.#store.revision, change: { deleted: key } };
  }

  list(): SegmentList {
    return { version: this.#store.revision, segments: this.#store.list() };
  }
}
