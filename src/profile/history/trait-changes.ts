/**
 * Every change of a profile's traits in the order of the calls' times: what each call set, removed or, with `all`, left as it was. Told
 * as of now: a call that came late stands where its time is, and what it changed then is what it would have changed had it come in time.
 *
 * A page ends at its limit, and the next begins behind the place (time, call, trait) of its last change.
 */
import { joinPath, splitPath } from '../../base/path.ts';
import type { TraitChange } from '../../model/history.ts';
import type { Value } from '../../model/value.ts';
import { isFill } from '../enrichment-mark.ts';
import { originOf } from './trait-origin.ts';
import { type TraceParts, TraitTrace } from './trait-trace.ts';

/** Of a change among the profile's: time, then the call's place in the history, then the trait's column. */
export interface ChangePlace {
  readonly timeMs: number;
  readonly call: number;
  readonly trait: number;
}

export interface ChangeRange {
  readonly traits: readonly string[] | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly limit: number;
  readonly isDescending: boolean;
  /** The place of the last change of the page before. */
  readonly after: ChangePlace | undefined;
  readonly isAll: boolean;
}

export interface ChangePage {
  readonly changes: readonly TraitChange[];
  /** The place of the last change when there are more. */
  readonly next: ChangePlace | undefined;
}

/** Traits looked at for one call, as a cost for who slices the work. */
const NS_PER_TRAIT = 30;

/**
 * The changes that `calls`, which are in the order of time, brought about. Yields what each call cost (ns). The page may change under
 * it: calls stay where they are for good.
 */
export function* changesOf(
  parts: TraceParts,
  calls: Uint32Array,
  range: ChangeRange,
): Generator<number, ChangePage, void> {
  const { history } = parts;
  const course = new TraitCourse(parts);
  const wanted = wantedBy(range.traits);
  const shown = new Map<number, string>();
  const found: Found[] = [];
  for (const call of calls) {
    const timeMs = history.times.get(call);
    if (timeMs > range.untilMs) break;
    const touched = course.apply(call);
    for (const trait of touched) {
      const previous = shown.get(trait);
      const value = course.trace.jsonOf(trait);
      if (value === undefined) shown.delete(trait);
      else shown.set(trait, value);
      const isKept = range.isAll && value !== undefined && course.hasWord(call, trait);
      if (value === previous && !isKept) continue;
      const place = { timeMs, call, trait };
      if (timeMs < range.fromMs || !wanted(course.trace.columnOf(trait).segments) || !isBehind(place, range)) continue;
      found.push({ place, value, previous });
      // One more than the page tells whether there is another; going back in time the newest are kept.
      if (found.length <= range.limit) continue;
      if (!range.isDescending) return pageOf(parts, found, range);
      if (found.length > 2 * range.limit + 1) found.splice(0, found.length - range.limit - 1);
    }
    yield NS_PER_TRAIT * history.properties.length * course.lastCallCount;
  }
  return pageOf(parts, found, range);
}

/** The fold as time went on: a call that fills takes its place before the others that came so far, which is a fold from the start. */
class TraitCourse {
  trace: TraitTrace;
  /** Calls that the last `apply` folded. */
  lastCallCount = 0;
  readonly #parts: TraceParts;
  readonly #fills: number[] = [];
  readonly #others: number[] = [];

  constructor(parts: TraceParts) {
    this.#parts = parts;
    this.trace = new TraitTrace(parts);
  }

  /** Whether the call, the last that was applied, said something of the trait or did away with it. */
  hasWord(call: number, trait: number): boolean {
    return this.lastCallCount === 1 || this.#parts.history.properties[trait].typeAt(call) !== 0;
  }

  /** Gives the traits that the call may have changed, in ascending order. */
  apply(call: number): readonly number[] {
    const { history } = this.#parts;
    const fills = isFill(history, call);
    (fills ? this.#fills : this.#others).push(call);
    this.lastCallCount = 1;
    if (!fills || this.#others.length === 0) return this.trace.apply(call);
    const touched = new Set(this.trace.held());
    this.trace = new TraitTrace(this.#parts);
    for (const one of [...this.#fills, ...this.#others]) this.trace.apply(one);
    this.lastCallCount = this.#fills.length + this.#others.length;
    for (const trait of this.trace.held()) touched.add(trait);
    return [...touched].sort((a, b) => a - b);
  }
}

interface Found {
  readonly place: ChangePlace;
  readonly value: string | undefined;
  readonly previous: string | undefined;
}

function pageOf(parts: TraceParts, found: readonly Found[], { limit, isDescending }: ChangeRange): ChangePage {
  const ordered = isDescending ? found.toReversed() : found;
  const page = ordered.slice(0, limit);
  return {
    changes: page.map((one) => changeOf(parts, one)),
    next: ordered.length > limit ? page[page.length - 1].place : undefined,
  };
}

function changeOf({ history, names }: TraceParts, { place, value, previous }: Found): TraitChange {
  return {
    trait: joinPath(history.properties[place.trait].segments),
    kind: value === undefined ? 'removed' : value === previous ? 'kept' : 'set',
    ...(value === undefined ? {} : { value: JSON.parse(value) as Value }),
    ...(previous === undefined ? {} : { previous: JSON.parse(previous) as Value }),
    ...originOf(history, place.call, names),
  };
}

function isBehind(place: ChangePlace, { after, isDescending }: ChangeRange): boolean {
  if (after === undefined) return true;
  const order = place.timeMs - after.timeMs || place.call - after.call || place.trait - after.trait;
  return isDescending ? order < 0 : order > 0;
}

/** A path names what is below it too. */
function wantedBy(traits: readonly string[] | undefined): (segments: readonly string[]) => boolean {
  if (traits === undefined) return () => true;
  const paths = traits.map(splitPath);
  return (segments) => paths.some((path) => path.every((segment, i) => segment === segments[i]));
}
