/** An expression whose names are columns and whose literals are codes, bounds and instants: what the planner works on. */
import type { F64Column } from '../../memory/fixed-column.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { Cell, Relation } from './cell.ts';
import type { Conjunction, Constant, Disjunction, Formula, Negation, NumberSelection } from './formula.ts';
import type { MembersTest } from './membership.ts';
import type { ScalarSource } from './value-source.ts';
import type { TimeRange } from './window.ts';

/** Text operators on `first_seen` / `last_seen`: the ISO text of each row is looked at. */
export interface SeenTest {
  readonly kind: 'seen';
  readonly column: F64Column;
  readonly matches: (text: Uint8Array) => boolean;
}

export interface FieldTest {
  readonly relation: Relation;
  readonly cells: readonly Cell[];
}

/** What is asked of a profile's events. Rows without any event count as 0, sum to 0 and miss the rest. */
export type Measure =
  | { readonly kind: 'count'; readonly min: number; readonly max: number }
  | {
      readonly kind: 'number';
      readonly fn: 'sum' | 'avg' | 'min' | 'max' | 'count_distinct';
      readonly sources: readonly ScalarSource[];
      readonly selection: NumberSelection;
      /** In place of the selection: numbers of the profile itself, of which the value must fit any. */
      readonly against?: FieldTest | undefined;
    }
  | {
      /** `first` / `last`: among events that have a value (`present`), the edge one must satisfy `fits`. */
      readonly kind: 'edge';
      readonly fn: 'first' | 'last';
      readonly present: Formula;
      readonly fits: Formula;
    };

export interface EventTest {
  readonly kind: 'events';
  readonly table: EventTable;
  readonly range: TimeRange;
  readonly where: Formula;
  readonly measure: Measure;
}

/** Events of one name for which a condition holds. */
export interface EventSelection {
  readonly table: EventTable;
  readonly where: Formula;
}

export interface StepTest {
  readonly events: EventSelection;
  /** Only the first of all events ever that fit. */
  readonly isFirst: boolean;
  /** Since the step before; Infinity = however long. Nothing on the first step. */
  readonly withinMs: number;
  /** Must not lie between the step before and this one. */
  readonly without: EventSelection | undefined;
}

export interface SequenceTest {
  readonly kind: 'sequence';
  readonly range: TimeRange;
  readonly steps: readonly StepTest[];
}

export type BoundExpression =
  | Exclude<Formula, Conjunction<Formula> | Disjunction<Formula> | Negation<Formula>>
  | SeenTest
  | EventTest
  | SequenceTest
  | MembersTest
  | Conjunction<BoundExpression>
  | Disjunction<BoundExpression>
  | Negation<BoundExpression>
  | Constant;
