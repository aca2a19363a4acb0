/** Which events a leaf, a step or an analysis speaks of, and what stands on the right-hand side of a condition. */
import type {
  EventLeaf,
  Expression,
  FieldReference,
  Operand,
  PropertyPredicate,
} from '../../../src/model/expression.ts';
import type { JsonScalar } from './json-value.ts';
import { holds } from './predicate.ts';
import { type NaiveEvent, type NaiveProfile, timeline } from './profile.ts';
import { reachProperty, reachTrait } from './reach-field.ts';
import { isInWindow } from './window.ts';

export type Segments = ReadonlyMap<string, Expression>;

/** `at` is the moment asked about: it becomes now, and later events do not exist. */
export interface Moment {
  readonly nowMs: number;
  readonly atMs?: number | undefined;
  /** The saved conditions, by key. */
  readonly segments?: Segments | undefined;
}

export type EventChoice = Pick<EventLeaf, 'event' | 'where'>;

export function nowOf({ nowMs, atMs }: Moment): number {
  return atMs ?? nowMs;
}

/** The events that exist at the moment, oldest first. */
export function visibleEvents(profile: NaiveProfile, { atMs }: Moment): readonly NaiveEvent[] {
  return timeline(profile).filter(({ timeMs }) => atMs === undefined || timeMs <= atMs);
}

export function isChosen({ event, where }: EventChoice, each: NaiveEvent, profile: NaiveProfile, moment: Moment) {
  return each.name === event && (where ?? []).every((predicate) => isPredicateTrue(predicate, each, profile, moment));
}

/** The events of a profile that a leaf speaks of, oldest first. */
export function chosenEvents(
  leaf: Pick<EventLeaf, 'event' | 'where' | 'window'>,
  profile: NaiveProfile,
  moment: Moment,
): readonly NaiveEvent[] {
  return visibleEvents(profile, moment).filter(
    (event) => isInWindow(leaf.window, event.timeMs, nowOf(moment)) && isChosen(leaf, event, profile, moment),
  );
}

function isPredicateTrue(
  predicate: PropertyPredicate,
  event: NaiveEvent,
  profile: NaiveProfile,
  moment: Moment,
): boolean {
  const operand = operandValues(predicate.value, profile, event);
  return holds(reachProperty(predicate.property, event), predicate.op, operand, nowOf(moment));
}

function isReference(operand: Operand): operand is FieldReference {
  return typeof operand === 'object' && operand !== null && !Array.isArray(operand);
}

/** The literals to compare with: as written, or every value that the named field reaches. */
export function operandValues(
  operand: Operand | undefined,
  profile: NaiveProfile,
  event: NaiveEvent | undefined,
): readonly JsonScalar[] {
  if (operand === undefined || operand === null) return [];
  if (!isReference(operand)) return (Array.isArray(operand) ? operand : [operand]) as readonly JsonScalar[];
  if ('trait' in operand) return reachTrait(operand.trait, profile).scalars.map((scalar) => scalar.value);
  if (event === undefined) throw new TypeError('a property can only be named inside a where');
  return reachProperty(operand.property, event).scalars.map((scalar) => scalar.value);
}
