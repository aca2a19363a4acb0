/**
 * Which of several values of a trait a profile shows. Each identifier of the profile brings its own newest value (what the
 * calls under it last said); the trait's rule picks among these. So the outcome hangs on the calls and not on the order in which
 * profiles were merged. `newest`, the rule of all traits that have none, is the last word of all calls.
 *
 * `most_frequent` counts calls, not identifiers. Ties go to the newer value. A `sum` beyond the largest number is the largest number.
 */
import { pack, Unpackr, unpack } from 'msgpackr';
import { joinPath } from '../base/path.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import type { NameInterner } from '../ingest/name-interner.ts';
import type { SurvivorshipRule, TraitSurvivorship } from '../model/identity.ts';
import { callsWithSay } from './enrichment-mark.ts';
import type { EventTable } from './event-table.ts';
import { sourceOf } from './source-name.ts';
import type { Standing, Survivor } from './standing.ts';
import { hasKin, isOusted, kinOf } from './trait-kin.ts';
import type { ValueColumn } from './value-column.ts';

const NEWEST: TraitSurvivorship = { trait: '*', rule: 'newest', sources: [] };

/** Rules name traits as people write paths: a dot inside a name is `\.` (`base/path.ts`), as in rules of `standardise`. */
export class SurvivorshipRules {
  readonly #rules = new Map<string, TraitSurvivorship>();
  readonly #others: TraitSurvivorship | undefined;
  readonly #known = new WeakMap<readonly string[], TraitSurvivorship>();

  constructor(rules: readonly TraitSurvivorship[]) {
    for (const rule of rules) if (rule.trait !== '*') this.#rules.set(rule.trait, rule);
    this.#others = rules.find(({ trait }) => trait === '*');
  }

  /** Whether every trait goes by `newest`. */
  get isPlain(): boolean {
    return (this.#others === undefined || this.#others.rule === 'newest') && this.#rules.size === 0;
  }

  /** Undefined = newest. Remembered by the list of segments, of which a column has one for good. */
  of(segments: readonly string[]): TraitSurvivorship | undefined {
    let rule = this.#known.get(segments);
    if (rule === undefined) {
      rule = this.#rules.get(joinPath(segments)) ?? this.#others ?? NEWEST;
      this.#known.set(segments, rule);
    }
    return rule.rule === 'newest' ? undefined : rule;
  }
}

/**
 * What survives among the values that all calls, which are in the order of the fold, have of a trait, given as index of the history's columns;
 * undefined when no identifier has one left. A value at `address` does away with what the same identifier said of `address.city`, and the
 * other way round.
 */
export function standingOf(
  history: EventTable,
  trait: number,
  all: Uint32Array,
  { rule, sources }: TraitSurvivorship,
  names: NameInterner,
): Standing | undefined {
  const column = history.properties[trait];
  const calls = callsWithSay(history, column, all);
  const kin = kinOf(history, trait);
  const isAlone = !hasKin(kin);
  const newestByOrigin = new Map<number, number>();
  for (const call of calls) {
    const type = column.typeAt(call);
    const origin = history.origins.get(call);
    if (type === 0) {
      if (!isAlone && newestByOrigin.has(origin) && isOusted(history, kin, call)) newestByOrigin.delete(origin);
      continue;
    }
    newestByOrigin.delete(origin);
    if (type !== tapeOf.LEAF_NULL) newestByOrigin.set(origin, call);
  }
  // In the order of time: a map keeps the order of insertion.
  const candidates = [...newestByOrigin.values()];
  if (candidates.length === 0) return undefined;
  const survivor = pickers[rule](candidates, { history, column, calls, sources, names });
  return { trait, survivor, newest: candidates[candidates.length - 1] };
}

interface Evidence {
  readonly history: EventTable;
  readonly column: ValueColumn;
  readonly calls: Uint32Array;
  readonly sources: readonly string[];
  readonly names: NameInterner;
}

type Picker = (candidates: readonly number[], evidence: Evidence) => Survivor;

const pickers: Record<SurvivorshipRule, Picker> = {
  newest: (candidates) => call(candidates[candidates.length - 1]),
  oldest: (candidates) => call(candidates[0]),
  max: (candidates, { column }) => extreme(candidates, column, 1),
  min: (candidates, { column }) => extreme(candidates, column, -1),
  sum: (candidates, { column }) => {
    const numbers = candidates.filter((candidate) => column.typeAt(candidate) === tapeOf.LEAF_NUMBER);
    if (numbers.length < 2) return call(numbers[0] ?? candidates[candidates.length - 1]);
    const sum = numbers.reduce((total, candidate) => total + column.numbers!.get(candidate), 0);
    return { kind: 'made', value: Math.min(Math.max(sum, -Number.MAX_VALUE), Number.MAX_VALUE), calls: numbers };
  },
  union: (candidates, { column }) => {
    if (candidates.length === 1) return call(candidates[0]);
    const seen = new Map<string, unknown>();
    for (const candidate of candidates) {
      const value = exactValueAt(column, candidate);
      for (const element of Array.isArray(value) ? value : [value]) {
        const key = pack(element).toString('latin1');
        if (!seen.has(key)) seen.set(key, element);
      }
    }
    return { kind: 'made', value: [...seen.values()], calls: candidates };
  },
  most_frequent: (_candidates, { column, calls }) => {
    const counts = new Map<string, { count: number; last: number }>();
    for (const candidate of calls) {
      const type = column.typeAt(candidate);
      if (type === 0 || type === tapeOf.LEAF_NULL) continue;
      const key = pack(exactValueAt(column, candidate)).toString('latin1');
      counts.set(key, { count: (counts.get(key)?.count ?? 0) + 1, last: candidate });
    }
    const position = new Map<number, number>();
    calls.forEach((one, at) => {
      position.set(one, at);
    });
    let best = { count: 0, last: -1 };
    for (const one of counts.values()) {
      const isLater = (position.get(one.last) ?? 0) > (position.get(best.last) ?? -1);
      if (one.count > best.count || (one.count === best.count && isLater)) best = one;
    }
    return call(best.last);
  },
  source_priority: (candidates, { history, sources, names }) => {
    const rankOf = (candidate: number): number => {
      const source = sourceOf(history, candidate, names);
      const rank = source === undefined ? -1 : sources.indexOf(source);
      return rank < 0 ? sources.length : rank;
    };
    let best = candidates[0];
    for (const candidate of candidates) if (rankOf(candidate) <= rankOf(best)) best = candidate;
    return call(best);
  },
};

function call(index: number): Survivor {
  return { kind: 'call', call: index };
}

/** By numbers where there are any; ties and values of other types go to the newest. */
function extreme(candidates: readonly number[], column: ValueColumn, sign: number): Survivor {
  let best = -1;
  for (const candidate of candidates) {
    if (column.typeAt(candidate) !== tapeOf.LEAF_NUMBER) continue;
    const isBetter = best < 0 || sign * (column.numbers!.get(candidate) - column.numbers!.get(best)) >= 0;
    if (isBetter) best = candidate;
  }
  return call(best < 0 ? candidates[candidates.length - 1] : best);
}

/** Objects in arrays become maps: as plain objects they would lose a key named `__proto__`. To be packed again, not to be shown. */
const exact = new Unpackr({ useRecords: false, mapsAsObjects: false });

/** As `valueAt`, for a value that is to be packed again. */
export function exactValueAt(column: ValueColumn, index: number): unknown {
  return valueAt(column, index, (bytes) => exact.unpack(bytes));
}

/** As a plain value; `{}` for an empty object. Undefined when there is none. */
export function valueAt(
  column: ValueColumn,
  index: number,
  readArray: (bytes: Uint8Array) => unknown = unpack,
): unknown {
  switch (column.typeAt(index)) {
    case tapeOf.LEAF_NUMBER:
      return column.numbers!.get(index);
    case tapeOf.LEAF_STRING:
      return column.strings!.dictionary.text(column.strings!.codes.get(index));
    case tapeOf.LEAF_TRUE:
      return true;
    case tapeOf.LEAF_FALSE:
      return false;
    case tapeOf.LEAF_ARRAY: {
      const { codes, dictionary } = column.arrays!;
      dictionary.locate(codes.get(index));
      const { block, start, size } = dictionary.heap;
      return readArray(block.subarray(start, start + size));
    }
    case tapeOf.LEAF_NULL:
      return null;
    case tapeOf.LEAF_EMPTY:
      return {};
    default:
      return undefined;
  }
}
