/**
 * Traits that cannot both have a value: one lies above the other (`address` and `address.city`). Where rules of survivorship leave values at
 * both, the newest word decides which is shown, as it does in a fold without rules; `{}` gives way to anything below it.
 */
import * as tapeOf from '../ingest/event-tape.ts';
import type { EventTable } from './event-table.ts';
import type { Standing } from './standing.ts';

/** By index of the history's columns. */
export interface Kin {
  readonly above: readonly number[];
  readonly below: readonly number[];
}

interface KinIndex {
  readonly kin: { readonly above: number[]; readonly below: number[] }[];
  readonly byPath: Map<string, number>;
  readonly belowPath: Map<string, number[]>;
}

const indexes = new WeakMap<EventTable, KinIndex>();

export function kinOf(history: EventTable, trait: number): Kin {
  let index = indexes.get(history);
  if (index === undefined) {
    index = { kin: [], byPath: new Map(), belowPath: new Map() };
    indexes.set(history, index);
  }
  // A table's columns only become more.
  while (index.kin.length < history.properties.length) learn(index, history.properties[index.kin.length].segments);
  return index.kin[trait];
}

function learn({ kin, byPath, belowPath }: KinIndex, segments: readonly string[]): void {
  const trait = kin.length;
  const path = segments.join('\u0000');
  const own = { above: [] as number[], below: belowPath.get(path) ?? [] };
  belowPath.set(path, own.below);
  for (const below of own.below) kin[below].above.push(trait);
  for (let depth = 1; depth < segments.length; depth++) {
    const prefix = segments.slice(0, depth).join('\u0000');
    const known = byPath.get(prefix);
    if (known !== undefined) own.above.push(known);
    const list = belowPath.get(prefix);
    if (list === undefined) belowPath.set(prefix, [trait]);
    else list.push(trait);
  }
  byPath.set(path, trait);
  kin.push(own);
}

export function hasKin({ above, below }: Kin): boolean {
  return above.length > 0 || below.length > 0;
}

/** Whether the call does away with a value that the trait had, though it does not speak of the trait itself. */
export function isOusted(history: EventTable, { above, below }: Kin, call: number): boolean {
  for (const trait of above) {
    const type = history.properties[trait].typeAt(call);
    if (type !== 0 && type !== tapeOf.LEAF_EMPTY) return true;
  }
  for (const trait of below) {
    const type = history.properties[trait].typeAt(call);
    if (type !== 0 && type !== tapeOf.LEAF_NULL) return true;
  }
  return false;
}

/**
 * Which of the standings, all of traits with a rule, are shown. `calls` are in the order of the fold. `otherTypeOf`: leaf type of what a trait
 * without a rule shows, 0 = nothing; `oust` is told of such a trait whose `{}` gives way.
 */
export function shownOf(
  history: EventTable,
  standings: readonly Standing[],
  calls: Uint32Array,
  otherTypeOf: (trait: number) => number,
  oust: (trait: number) => void,
): Standing[] {
  const position = new Map<number, number>();
  calls.forEach((call, at) => {
    position.set(call, at);
  });
  const shown = new Map<number, Standing>();
  const typeOf = (trait: number): number => {
    const standing = shown.get(trait);
    return standing === undefined ? otherTypeOf(trait) : typeOfStanding(history, standing);
  };
  for (const standing of standings.toSorted((a, b) => position.get(b.newest)! - position.get(a.newest)!)) {
    const { above, below } = kinOf(history, standing.trait);
    const isBlocked =
      below.some((trait) => typeOf(trait) !== 0) ||
      above.some((trait) => typeOf(trait) !== 0 && typeOf(trait) !== tapeOf.LEAF_EMPTY);
    if (isBlocked) continue;
    for (const trait of above) {
      if (shown.delete(trait) || otherTypeOf(trait) === 0) continue;
      oust(trait);
    }
    shown.set(standing.trait, standing);
  }
  return [...shown.values()];
}

function typeOfStanding(history: EventTable, { trait, survivor }: Standing): number {
  if (survivor.kind === 'call') return history.properties[trait].typeAt(survivor.call);
  return typeof survivor.value === 'number' ? tapeOf.LEAF_NUMBER : tapeOf.LEAF_ARRAY;
}
