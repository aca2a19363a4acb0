/** What the doors do with saved segments: checks before the store, warnings after it. */
import type { QueryWarning } from '../model/query.ts';
import type { Segment, SegmentRequest, SegmentSaved } from '../model/segment.ts';
import type { Clock } from '../runtime/clock.ts';
import type { NameCheck } from './name-check.ts';
import { inText } from './question-reader.ts';
import { checkSegment, checkSegmentKey } from './segment-check.ts';
import type { SegmentStore } from './segment-store.ts';

export class SegmentService {
  readonly #store: SegmentStore;
  readonly #names: NameCheck;
  readonly #clock: Clock;

  constructor(store: SegmentStore, names: NameCheck, clock: Clock) {
    this.#store = store;
    this.#names = names;
    this.#clock = clock;
  }

  /** Errors: as of `saveSegment`. */
  save(key: string, request: SegmentRequest): SegmentSaved {
    const segment = saveSegment(this.#store, key, request, this.#clock.nowMs());
    return withWarnings(segment, this.#names.ofExpression(segment.where, textOf(request)));
  }

  get(key: string): Segment | undefined {
    return this.#store.get(key);
  }

  list(): readonly Segment[] {
    return this.#store.list();
  }

  /** Errors: as of `SegmentStore.delete`. */
  delete(key: string): void {
    this.#store.delete(key);
  }
}

/** Errors: as of `checkSegment` and `SegmentStore.save`. */
export function saveSegment(store: SegmentStore, key: string, request: SegmentRequest, nowMs: number): Segment {
  const checkedKey = checkSegmentKey(key);
  const checked = checkSegment(request);
  return inText(textOf(request), () => store.save(checkedKey, checked, nowMs), '/where');
}

/** The condition as it was written, if it was. */
export function textOf({ where }: SegmentRequest): string | undefined {
  return typeof where === 'string' ? where : undefined;
}

export function withWarnings(segment: Segment, warnings: readonly QueryWarning[]): SegmentSaved {
  return warnings.length === 0 ? segment : { ...segment, warnings };
}
