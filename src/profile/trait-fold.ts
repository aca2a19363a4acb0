/**
 * A profile's traits from its history: all calls applied in the order of their times, then the traits whose rule is not `newest`. What
 * ingest writes as calls come is the same fold, one step at a time; this one is for calls that came late, merges and unmerges.
 */
import { pack } from 'msgpackr';
import { xxh32 } from '../base/hash.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { EventTape } from '../ingest/event-tape.ts';
import type { NameInterner } from '../ingest/name-interner.ts';
import type { EventTable } from './event-table.ts';
import type { ProfileTable } from './profile-table.ts';
import type { Standing, Survivor } from './standing.ts';
import { type SurvivorshipRules, standingOf } from './survivorship.ts';
import { callsInOrder } from './trait-history.ts';
import { hasKin, kinOf, shownOf } from './trait-kin.ts';
import type { ValueColumn } from './value-column.ts';

export interface TraitFoldParts {
  readonly profiles: ProfileTable;
  readonly history: EventTable;
  readonly names: NameInterner;
  readonly hashSeed: number;
}

/** A part of the fold; absent = all of it. */
export interface FoldRange {
  /** Calls up to then. */
  readonly untilMs: number;
  /** Traits, as indexes of the history's columns; with a trait go all that are above and below it. */
  readonly traits: readonly number[];
}

/** Writes the profile's traits anew. Costs its calls and a look at every trait column. Gives the number of calls. */
export function foldTraits(
  parts: TraitFoldParts,
  row: number,
  rules: SurvivorshipRules,
  range?: FoldRange | undefined,
): number {
  const { profiles, history, names, hashSeed } = parts;
  profiles.clearTraits(row);
  const calls = callsInOrder(history, row, range?.untilMs);
  for (const call of calls) {
    if (range === undefined) profiles.setTraitsFrom(row, history, call, names, hashSeed);
    else {
      for (const trait of range.traits) {
        const source = history.properties[trait];
        profiles.setTraitFrom(row, history.propertyPaths[trait], source, call, names, hashSeed);
      }
    }
  }
  if (!rules.isPlain) applyRules(parts, row, calls, rules, range?.traits);
  return calls.length;
}

/** Puts the survivors in place of the newest values where a trait has a rule of its own. The tree stays honest. */
function applyRules(
  parts: TraitFoldParts,
  row: number,
  calls: Uint32Array,
  rules: SurvivorshipRules,
  traits: readonly number[] | undefined,
): void {
  const { profiles, history, names, hashSeed } = parts;
  const columnOf = (trait: number): ValueColumn => profiles.columnAt(history.propertyPaths[trait], names);
  const related: Standing[] = [];
  history.properties.forEach((source, trait) => {
    if (traits !== undefined && !traits.includes(trait)) return;
    const rule = rules.of(source.segments);
    if (rule === undefined) return;
    const standing = standingOf(history, trait, calls, rule, names);
    if (standing === undefined) return;
    if (hasKin(kinOf(history, trait))) related.push(standing);
    else writeSurvivor(columnOf(trait), row, source, standing.survivor, hashSeed);
  });
  if (related.length === 0) return;
  for (const { trait } of related) columnOf(trait).clear(row);
  const otherTypeOf = (trait: number): number => columnOf(trait).typeAt(row);
  const oust = (trait: number): void => columnOf(trait).clear(row);
  for (const { trait, survivor } of shownOf(history, related, calls, otherTypeOf, oust)) {
    writeSurvivor(columnOf(trait), row, history.properties[trait], survivor, hashSeed);
  }
}

const scratch = new EventTape();

function writeSurvivor(
  column: ValueColumn,
  row: number,
  source: ValueColumn,
  survivor: Survivor,
  hashSeed: number,
): void {
  if (survivor.kind === 'call') return column.copy(source, survivor.call, row, hashSeed);
  scratch.reset();
  const { value } = survivor;
  if (typeof value === 'number') {
    scratch.addLeaf(0, tapeOf.LEAF_NUMBER, 0, 0, 0, value);
  } else {
    const packed = pack(value);
    const at = scratch.append(packed);
    scratch.addLeaf(0, tapeOf.LEAF_ARRAY, at, packed.length, xxh32(scratch.bytes, at, packed.length, hashSeed), 0);
  }
  column.set(row, scratch, 0, scratch.numbers[0]);
}
