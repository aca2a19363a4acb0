/** One step of the optimizer: a plan in, a plan for the same rows out, or a switch for the execution. */
import type { PassName } from '../../model/optimizer.ts';
import type { Estimator } from './estimate.ts';
import type { LogicalPlan } from './logical-plan.ts';
import type { ValueIndexes } from './value-index.ts';

/** What the execution may do; all false = every part looks at everybody. */
export interface Switches {
  /** Later parts of `and` and `or` look only at the rows that are still open. */
  readonly pushCandidates: boolean;
  /** Chunks that zone maps or candidates rule out are not visited. */
  readonly skipChunks: boolean;
  /** Chains of events are followed where that is cheaper than a scan. */
  readonly probeChains: boolean;
}

export const ALL_OFF: Switches = { pushCandidates: false, skipChunks: false, probeChains: false };

export interface Draft {
  readonly root: LogicalPlan;
  readonly switches: Switches;
}

export interface PassContext {
  readonly indexes: ValueIndexes;
  readonly estimator: Estimator;
  readonly rowCount: number;
}

export interface Pass {
  readonly name: PassName;
  /** For people. */
  readonly doc: string;
  apply(draft: Draft, context: PassContext): Draft;
}

/** A pass that changes the plan only. */
export function planPass(
  name: PassName,
  doc: string,
  rewrite: (plan: LogicalPlan, context: PassContext) => LogicalPlan,
): Pass {
  return { name, doc, apply: (draft, context) => ({ ...draft, root: rewrite(draft.root, context) }) };
}

/** A pass that allows the execution something. */
export function switchPass(name: PassName, doc: string, key: keyof Switches): Pass {
  return { name, doc, apply: (draft) => ({ ...draft, switches: { ...draft.switches, [key]: true } }) };
}
