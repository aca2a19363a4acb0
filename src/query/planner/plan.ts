/**
 * The plan: what is left after the optimizer's passes, each part with what it is thought to leave and to cost. Equal leaves of the
 * logical plan that are one object are one object here too.
 */
import { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/expression.ts';
import type { EventTest, SeenTest, SequenceTest } from '../binder/bound-expression.ts';
import type { CodeTest, Formula, NumberTest } from '../binder/formula.ts';
import { Estimator } from './estimate.ts';
import type { LogicalPlan, ParticipantsLeaf } from './logical-plan.ts';
import { optimize, passesWithout } from './optimizer.ts';
import type { Switches } from './pass.ts';
import type { ValueIndexes } from './value-index.ts';

interface Estimate {
  /** Of everybody, not only of the rows that earlier parts leave. */
  readonly estimatedRows: number;
  readonly costNs: number;
}

export type Plan = Estimate &
  (
    | {
        readonly kind: 'rows';
        readonly rows: RowSet;
        /** Absent: everybody or nobody. */
        readonly test: CodeTest | NumberTest | undefined;
        readonly isNegated: boolean;
        /** In place of a test: a condition whose rows were known before. */
        readonly leaf?: Expression | undefined;
      }
    | { readonly kind: 'participants'; readonly leaf: ParticipantsLeaf }
    | { readonly kind: 'scan'; readonly formula: Formula }
    | { readonly kind: 'seen'; readonly test: SeenTest }
    | { readonly kind: 'events'; readonly test: EventTest }
    | { readonly kind: 'sequence'; readonly test: SequenceTest }
    | { readonly kind: 'and' | 'or'; readonly of: readonly Plan[] }
    | { readonly kind: 'not'; readonly of: Plan }
  );

export interface OptimizedPlan {
  readonly root: Plan;
  readonly switches: Switches;
  /** Names of the passes that were applied, in order. */
  readonly passes: readonly string[];
}

export interface PlannerOptions {
  readonly indexes: ValueIndexes;
  readonly rowCount: number;
  /** Names of passes that are left out. */
  readonly off?: readonly string[] | undefined;
}

export function planOf(bound: LogicalPlan, { indexes, rowCount, off = [] }: PlannerOptions): OptimizedPlan {
  const estimator = new Estimator(rowCount);
  const passes = passesWithout(off);
  const { root, switches } = optimize(bound, passes, { indexes, estimator, rowCount });
  return { root: new Lowering(estimator).plan(root), switches, passes: passes.map((pass) => pass.name) };
}

/** From the logical plan to parts that can be executed, with their estimates. */
class Lowering {
  readonly #estimator: Estimator;
  readonly #plans = new Map<LogicalPlan, Plan>();

  constructor(estimator: Estimator) {
    this.#estimator = estimator;
  }

  plan(logical: LogicalPlan): Plan {
    let plan = this.#plans.get(logical);
    if (plan === undefined) {
      plan = this.#lowered(logical);
      this.#plans.set(logical, plan);
    }
    return plan;
  }

  #lowered(logical: LogicalPlan): Plan {
    // Written out in each case: spreading an object costs as much as all the passes together.
    const estimatedRows = Math.round(this.#estimator.rows(logical));
    const costNs = this.#estimator.costNs(logical);
    switch (logical.kind) {
      case 'constant': {
        const rows = logical.value ? RowSet.all(this.#estimator.rowCount) : RowSet.empty();
        return { estimatedRows, costNs, kind: 'rows', rows, test: undefined, isNegated: false };
      }
      case 'rows':
        return {
          estimatedRows,
          costNs,
          kind: 'rows',
          rows: logical.rows,
          test: logical.test,
          isNegated: logical.isNegated,
        };
      case 'members': {
        const { rows, leaf } = logical;
        return { estimatedRows, costNs, kind: 'rows', rows, test: undefined, isNegated: false, leaf };
      }
      case 'participants':
        return { estimatedRows, costNs, kind: 'participants', leaf: logical };
      case 'scan':
        return { estimatedRows, costNs, kind: 'scan', formula: logical.formula };
      case 'seen':
        return { estimatedRows, costNs, kind: 'seen', test: logical };
      case 'events':
        return { estimatedRows, costNs, kind: 'events', test: logical };
      case 'sequence':
        return { estimatedRows, costNs, kind: 'sequence', test: logical };
      case 'not':
        return { estimatedRows, costNs, kind: 'not', of: this.plan(logical.of) };
      case 'and':
      case 'or':
        return { estimatedRows, costNs, kind: logical.kind, of: logical.of.map((part) => this.plan(part)) };
      default:
        return { estimatedRows, costNs, kind: 'scan', formula: logical };
    }
  }
}
