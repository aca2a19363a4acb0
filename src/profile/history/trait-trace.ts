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
import type { Standing, Survivor } from '../standing.ts';
import { type SurvivorshipRules, standingOf } from '../survivorship.ts';
import { kinOf, shownOf } from '../trait-kin.ts';
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
  /** Applied so far; kept where there are rules. */
  readonly #calls: number[] = [];
  /** Traits that have a rule and were spoken of. */
  readonly #ruled = new Set<number>();
  /** What is shown; worked out when it is asked for. */
  #shown: ReadonlyMap<number, Survivor> | undefined;
  readonly #rules = new Map<number, TraitSurvivorship | undefined>();

  constructor(parts: TraceParts) {
    this.#parts = parts;
  }

  /** Applies the next call; gives the traits that it may have changed, in ascending order. */
  apply(call: number): readonly number[] {
    const { properties } = this.#parts.history;
    const touched = new Set<number>();
    this.#shown = undefined;
    if (!this.#parts.survivorship.isPlain) this.#calls.push(call);
    for (let trait = 0; trait < properties.length; trait++) {
      const type = properties[trait].typeAt(call);
      if (type === 0) continue;
      this.#write(trait, type, call, touched);
      this.#noteRuled(trait, touched);
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

  #noteRuled(trait: number, touched: Set<number>): void {
    if (this.#parts.survivorship.isPlain) return;
    if (this.#ruleOf(trait) !== undefined) this.#ruled.add(trait);
    touched.add(trait);
    const { above, below } = kinOf(this.#parts.history, trait);
    for (const other of above) touched.add(other);
    for (const other of below) touched.add(other);
  }

  get #held(): ReadonlyMap<number, Survivor> {
    if (this.#ruled.size === 0) return this.#newest;
    this.#shown ??= this.#settle();
    return this.#shown;
  }

  #settle(): Map<number, Survivor> {
    const { history, names } = this.#parts;
    const calls = Uint32Array.from(this.#calls);
    const standings: Standing[] = [];
    const shown = new Map(this.#newest);
    for (const trait of this.#ruled) {
      const standing = standingOf(history, trait, calls, this.#ruleOf(trait)!, names);
      if (standing !== undefined) standings.push(standing);
      shown.delete(trait);
    }
    const otherTypeOf = (trait: number): number => {
      const survivor = shown.get(trait);
      return survivor?.kind === 'call' ? history.properties[trait].typeAt(survivor.call) : 0;
    };
    const oust = (trait: number): void => {
      shown.delete(trait);
    };
    const settled = shownOf(history, standings, calls, otherTypeOf, oust);
    for (const { trait, survivor } of settled) shown.set(trait, survivor);
    return shown;
  }

  #ruleOf(trait: number): TraitSurvivorship | undefined {
    const { history, survivorship } = this.#parts;
    if (survivorship.isPlain) return undefined;
    if (!this.#rules.has(trait)) this.#rules.set(trait, survivorship.of(history.properties[trait].segments));
    return this.#rules.get(trait);
  }

  /** Traits that have a value, in ascending order. */
  held(): number[] {
    return [...this.#held.keys()].sort((a, b) => a - b);
  }

  /** Where the trait's value comes from; undefined when it has none. */
  survivorOf(trait: number): Survivor | undefined {
    return this.#held.get(trait);
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
