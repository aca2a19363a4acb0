/**
 * A profile's traits, folded call by call, with the call that each value came from. The same fold as `trait-fold.ts` makes
 * in columns, here over what one profile holds: so it can be stopped at any moment, and can say what each call changed.
 *
 * A value at `address` does away with what is below it, a value at `address.city` with a plain value at `address`; null removes, `{}` is
 * merged into an object. Traits with a rule of survivorship show what survives among all calls so far.
 */
import * as tapeOf from '../../ingest/event-tape.ts';
import type { NameInterner } from '../../ingest/name-interner.ts';
import type { TraitSurvivorship } from '../../model/identity.ts';
import type { EventTable } from '../event-table.ts';
import { type Survivor, type SurvivorshipRules, survivorOf } from '../survivorship.ts';
import type { ValueColumn } from '../value-column.ts';
import { jsonAt, jsonOfMade } from './plain-value.ts';

export interface TraceParts {
  readonly history: EventTable;
  readonly names: NameInterner;
  readonly survivorship: SurvivorshipRules;
}

/** Traits are numbered by their columns in the history. */
export class TraitTrace {
  readonly #parts: TraceParts;
  /** What the newest word is. */
  readonly #newest = new Map<number, Survivor>();
  /** What survives, of traits that have a rule. */
  readonly #survivors = new Map<number, Survivor>();
  /** Calls that had the trait, of traits that have a rule. */
  readonly #calls = new Map<number, number[]>();
  readonly #rules = new Map<number, TraitSurvivorship | undefined>();

  constructor(parts: TraceParts) {
    this.#parts = parts;
  }

  /** Applies the next call; gives the traits that it may have changed, in ascending order. */
  apply(call: number): readonly number[] {
    const { properties } = this.#parts.history;
    const touched = new Set<number>();
    for (let trait = 0; trait < properties.length; trait++) {
      const type = properties[trait].typeAt(call);
      if (type === 0) continue;
      this.#write(trait, type, call, touched);
      this.#survive(trait, call, touched);
    }
    return [...touched].sort((a, b) => a - b);
  }

  #write(trait: number, type: number, call: number, touched: Set<number>): void {
    const { segments } = this.#parts.history.properties[trait];
    const isNull = type === tapeOf.LEAF_NULL;
    const isEmpty = type === tapeOf.LEAF_EMPTY;
    let hasBelow = false;
    for (const other of this.#newest.keys()) {
      const held = this.#parts.history.properties[other].segments;
      const isBelow = isAbove(segments, held);
      hasBelow ||= isBelow;
      if ((isBelow && !isEmpty) || (!isNull && isAbove(held, segments))) {
        this.#newest.delete(other);
        touched.add(other);
      }
    }
    if (isEmpty && hasBelow) return;
    if (!isNull) this.#newest.set(trait, { kind: 'call', call });
    else this.#newest.delete(trait);
    touched.add(trait);
  }

  #survive(trait: number, call: number, touched: Set<number>): void {
    const rule = this.#ruleOf(trait);
    if (rule === undefined) return;
    const { history, names } = this.#parts;
    const column = history.properties[trait];
    let calls = this.#calls.get(trait);
    if (calls === undefined) {
      calls = [];
      this.#calls.set(trait, calls);
    }
    calls.push(call);
    const survivor = survivorOf(history, column, Uint32Array.from(calls), rule, names);
    if (survivor === undefined) this.#survivors.delete(trait);
    else this.#survivors.set(trait, survivor);
    touched.add(trait);
  }

  #ruleOf(trait: number): TraitSurvivorship | undefined {
    const { history, survivorship } = this.#parts;
    if (survivorship.isPlain) return undefined;
    if (!this.#rules.has(trait)) this.#rules.set(trait, survivorship.of(history.properties[trait].segments));
    return this.#rules.get(trait);
  }

  /** Traits that have a value, in ascending order. */
  held(): number[] {
    return [...new Set([...this.#newest.keys(), ...this.#survivors.keys()])].sort((a, b) => a - b);
  }

  /** Where the trait's value comes from; undefined when it has none. */
  survivorOf(trait: number): Survivor | undefined {
    return this.#survivors.get(trait) ?? this.#newest.get(trait);
  }

  columnOf(trait: number): ValueColumn {
    return this.#parts.history.properties[trait];
  }

  /** The trait's value as JSON; undefined when it has none. */
  jsonOf(trait: number): string | undefined {
    const survivor = this.survivorOf(trait);
    if (survivor === undefined) return undefined;
    return survivor.kind === 'call' ? jsonAt(this.columnOf(trait), survivor.call) : jsonOfMade(survivor.value);
  }
}

/** Whether the path `above` is a true prefix of the other. */
export function isAbove(above: readonly string[], path: readonly string[]): boolean {
  return above.length < path.length && above.every((segment, i) => segment === path[i]);
}
