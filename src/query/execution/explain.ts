/**
 * The explained plan: operators with what they look at, what was estimated and what came. Shards plan apart, so their plans may
 * differ; where all have the same shape (operators and details) they are added up into one tree, else each is a child of a node `shards`.
 */
import type { PlanNode, QueryPlan } from '../../model/query.ts';
import type { OptimizedPlan } from '../planner/plan.ts';
import { ColumnNames } from './column-name.ts';
import { Describer } from './describe.ts';
import type { QuestionData } from './instant.ts';
import type { Operator } from './operator.ts';
import type { Trace } from './trace.ts';

const OPERATOR_NAMES: Readonly<Record<Operator['kind'], string>> = {
  rows: 'bitmap',
  participants: 'participants',
  scan: 'profile scan',
  seen: 'text of instants',
  events: 'events',
  sequence: 'sequence',
  and: 'and',
  or: 'or',
  not: 'not',
};

/** One shard's selection after it was answered; made into text only when asked. */
export class ExplainedSelection {
  readonly #data: QuestionData;
  readonly #plan: OptimizedPlan;
  readonly #operator: Operator;
  readonly #trace: Trace;

  constructor(data: QuestionData, plan: OptimizedPlan, operator: Operator, trace: Trace) {
    this.#data = data;
    this.#plan = plan;
    this.#operator = operator;
    this.#trace = trace;
  }

  plan(): QueryPlan {
    const describer = new Describer(new ColumnNames(this.#data));
    return { passes: this.#plan.passes, root: this.#node(this.#operator, describer) };
  }

  #node(operator: Operator, describer: Describer): PlanNode {
    const { plan, kind } = operator;
    const traced = this.#trace.of(operator);
    const parts = kind === 'and' || kind === 'or' ? operator.of : kind === 'not' ? [operator.of] : [];
    const way = traced?.way === undefined ? '' : `, ${traced.way}`;
    return {
      operator: OPERATOR_NAMES[kind],
      detail: describer.plan(plan) + way,
      estimatedRows: plan.estimatedRows,
      rows: traced?.rows ?? null,
      tookMs: traced?.tookMs ?? 0,
      children: parts.map((part) => this.#node(part, describer)),
    };
  }
}

/** Estimates, rows and times added up; a part that no shard needed has null rows. */
export function mergePlans(plans: readonly QueryPlan[]): QueryPlan {
  const [first, ...others] = plans;
  if (others.length === 0) return rounded(first);
  const isAlike = others.every((plan) => isSameShape(first.root, plan.root));
  const roots = plans.map((plan) => plan.root);
  const root = isAlike
    ? added(roots)
    : { ...totals(roots), operator: 'shards', detail: `${roots.length} shards, each its own plan`, children: roots };
  return rounded({ passes: first.passes, root });
}

/** Of all that was asked for one answer: for each time a plan a shard. Undefined of nothing. */
export function planOf(asked: readonly (readonly QueryPlan[])[]): QueryPlan | undefined {
  const [first, ...others] = asked.map(mergePlans);
  return others.length === 0 ? first : underOne([first, ...others]);
}

/** Several plans of one question, for instance one a segment. */
function underOne(plans: readonly QueryPlan[]): QueryPlan {
  const roots = plans.map((plan) => plan.root);
  return {
    passes: plans[0].passes,
    root: { ...totals(roots), operator: 'questions', detail: `${roots.length} conditions`, children: roots },
  };
}

function isSameShape(a: PlanNode, b: PlanNode): boolean {
  if (a.operator !== b.operator || a.detail !== b.detail || a.children.length !== b.children.length) return false;
  return a.children.every((child, i) => isSameShape(child, b.children[i]));
}

/** Nodes of the same shape. */
function added(nodes: readonly PlanNode[]): PlanNode {
  const children = nodes[0].children.map((_, i) => added(nodes.map((node) => node.children[i])));
  return { ...nodes[0], ...totals(nodes), children };
}

function totals(nodes: readonly PlanNode[]): Pick<PlanNode, 'estimatedRows' | 'rows' | 'tookMs'> {
  const known = nodes.filter((node) => node.rows !== null);
  return {
    estimatedRows: nodes.reduce((sum, node) => sum + node.estimatedRows, 0),
    rows: known.length === 0 ? null : known.reduce((sum, node) => sum + node.rows!, 0),
    tookMs: nodes.reduce((sum, node) => sum + node.tookMs, 0),
  };
}

/** Times to a microsecond. */
function rounded({ passes, root }: QueryPlan): QueryPlan {
  const round = (node: PlanNode): PlanNode => {
    return { ...node, tookMs: Math.round(node.tookMs * 1_000) / 1_000, children: node.children.map(round) };
  };
  return { passes, root: round(root) };
}
