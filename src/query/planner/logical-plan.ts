/**
 * The logical plan: a bound expression on its way through the optimizer's passes, which replace its leaves by cheaper ones and
 * rearrange what joins them. A leaf of the bound expression is a leaf here too, so a new kind of leaf passes through untouched.
 *
 * Invariant: every pass gives a plan for the same rows.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { BoundExpression, EventTest } from '../binder/bound-expression.ts';
import {
  type CodeTest,
  type Conjunction,
  type Disjunction,
  FALSE,
  type Formula,
  type Negation,
  type NumberTest,
  TRUE,
} from '../binder/formula.ts';
import { fitsNoEvent, isSettledWithoutEvent } from './no-event.ts';

type Joined<T> = Conjunction<T> | Disjunction<T> | Negation<T>;

/** Answered by a bitmap. `isNegated`: it is the complement of the test. */
export interface RowsLeaf {
  readonly kind: 'rows';
  readonly rows: RowSet;
  readonly test: CodeTest | NumberTest;
  readonly isNegated: boolean;
}
/** A count of all time: read from the participants, no event is looked at. */
export interface ParticipantsLeaf {
  readonly kind: 'participants';
  readonly table: EventTest['table'];
  readonly min: number;
  readonly max: number;
}
/** One pass over columns of profiles. */
export interface ScanLeaf {
  readonly kind: 'scan';
  readonly formula: Formula;
}

export type BoundLeaf = Exclude<BoundExpression, Joined<BoundExpression>>;
export type LogicalPlan =
  | BoundLeaf
  | RowsLeaf
  | ParticipantsLeaf
  | ScanLeaf
  | Conjunction<LogicalPlan>
  | Disjunction<LogicalPlan>
  | Negation<LogicalPlan>;

type FormulaLeaf = Exclude<Formula, Joined<Formula>>;

/** Leaves that a scan over profiles can test. */
const FORMULA_KINDS: Readonly<Record<FormulaLeaf['kind'], true>> = {
  constant: true,
  codes: true,
  numbers: true,
  compare: true,
  random: true,
};

/** Whether one scan can answer it. */
export function isFormula(plan: LogicalPlan): plan is Formula {
  if (plan.kind === 'and' || plan.kind === 'or') return plan.of.every(isFormula);
  if (plan.kind === 'not') return isFormula(plan.of);
  return Object.hasOwn(FORMULA_KINDS, plan.kind);
}

/** What passes over plans and over formulas have in common: nodes that join, and leaves that they do not look into. */
export interface Tree {
  readonly kind: string;
}
/** A rewriting of trees that keeps their kind: what may be put for a node is a leaf of it, a constant, or nodes joined. */
export type Rewrite = <T extends Tree>(tree: T) => T;

export function isJoin<T extends Tree>(tree: Tree): tree is Conjunction<T> | Disjunction<T> {
  return tree.kind === 'and' || tree.kind === 'or';
}

export function isNegation<T extends Tree>(tree: Tree): tree is Negation<T> {
  return tree.kind === 'not';
}

export function isConstant(tree: Tree, value: boolean): boolean {
  return tree.kind === 'constant' && (tree as { readonly value?: boolean }).value === value;
}

/** The tree with its parts replaced; the same object where none is. */
export function mapParts<T extends Tree>(tree: T, replace: (part: T) => T): T {
  if (isJoin<T>(tree)) {
    const of = tree.of.map(replace);
    return of.every((part, i) => part === tree.of[i]) ? tree : ({ kind: tree.kind, of } as Tree as T);
  }
  if (isNegation<T>(tree)) {
    const of = replace(tree.of);
    return of === tree.of ? tree : ({ kind: 'not', of } as Tree as T);
  }
  return tree;
}

/** Rewrites the plan and the formulas inside its leaves (`where` of events). */
export function rewriteAll(plan: LogicalPlan, rewrite: Rewrite): LogicalPlan {
  return rewrite(mapLeaves(plan, (leaf) => rewriteInside(leaf, rewrite)));
}

function rewriteInside(leaf: LogicalPlan, rewrite: Rewrite): LogicalPlan {
  if (leaf.kind === 'events') {
    const where = rewrite(leaf.where);
    // No event fits: the execution need not know of such tests.
    if (isConstant(where, false) && isSettledWithoutEvent(leaf.measure))
      return fitsNoEvent(leaf.measure) ? TRUE : FALSE;
    return where === leaf.where ? leaf : { ...leaf, where };
  }
  return leaf;
}

/** The plan with its leaves replaced. */
export function mapLeaves(plan: LogicalPlan, replace: (leaf: LogicalPlan) => LogicalPlan): LogicalPlan {
  if (isJoin<LogicalPlan>(plan) || isNegation<LogicalPlan>(plan)) {
    return mapParts(plan as LogicalPlan, (part) => mapLeaves(part, replace));
  }
  return replace(plan);
}
