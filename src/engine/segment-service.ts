/** What the doors do with saved segments: checks before the store, warnings after it. */
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

  /** Errors: as of `checkSegment` and `SegmentStore.save`. */
  save(key: string, request: SegmentRequest): SegmentSaved {
    const checkedKey = checkSegmentKey(key);
    const checked = checkSegment(request);
    const text = typeof request.where === 'string' ? request.where : undefined;
    const segment = inText(text, () => this.#store.save(checkedKey, checked, this.#clock.nowMs()));
    const warnings = this.#names.ofExpression(checked.where, text);
    return warnings.length === 0 ? segment : { ...segment, warnings };
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
