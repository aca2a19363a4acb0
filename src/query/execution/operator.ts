/**
 * Operators: the plan with its columns captured. All of a query's operators are captured in one turn, which is the instant it
 * answers for; a part of the plan that stands at several places is captured once.
 */
import { unreachable } from '../../base/assert.ts';
import type { EventTest, SeenTest } from '../binder/bound-expression.ts';
import type { Switches } from '../planner/pass.ts';
import type { Plan } from '../planner/plan.ts';
import { captureEventTest, captureVerdict, type Verdict } from './event-measure.ts';
import type { ImageSet } from './image-set.ts';
import type { MeasureScan } from './measure-scan.ts';
import { type CapturedParticipants, captureParticipants } from './participant-rows.ts';
import { type Program, programOf } from './program.ts';
import { type CapturedRunCount, captureRunCount } from './run-count-rows.ts';
import { type CapturedSeen, captureSeen } from './seen-rows.ts';
import { type CapturedSequence, captureSequence } from './sequence-select.ts';

/** `plan`: what it was made of, with its estimates. */
export type Operator = { readonly plan: Plan } & (
  | { readonly kind: 'rows'; readonly rows: Extract<Plan, { kind: 'rows' }>['rows'] }
  | { readonly kind: 'participants'; readonly participants: CapturedParticipants }
  | { readonly kind: 'scan'; readonly program: Program }
  | { readonly kind: 'seen'; readonly matches: SeenTest['matches']; readonly seen: CapturedSeen }
  | {
      readonly kind: 'events';
      readonly test: EventTest;
      readonly scan: MeasureScan;
      readonly verdict: Verdict;
      /** The other way to count, where there is one. */
      readonly runCount: CapturedRunCount | undefined;
    }
  | { readonly kind: 'sequence'; readonly sequence: CapturedSequence }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Operator[] }
  | { readonly kind: 'not'; readonly of: Operator }
);

export interface CaptureContext {
  readonly rowCount: number;
  readonly images: ImageSet;
  readonly switches: Switches;
}

export class OperatorCapture {
  readonly #context: CaptureContext;
  readonly #operators = new Map<Plan, Operator>();

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  capture(plan: Plan): Operator {
    let operator = this.#operators.get(plan);
    if (operator === undefined) {
      operator = this.#captured(plan);
      this.#operators.set(plan, operator);
    }
    return operator;
  }

  #captured(plan: Plan): Operator {
    const { rowCount, images, switches } = this.#context;
    switch (plan.kind) {
      case 'rows':
        return { plan, kind: 'rows', rows: plan.rows };
      case 'participants':
        return { plan, kind: 'participants', participants: captureParticipants(plan.leaf, images) };
      case 'scan':
        return { plan, kind: 'scan', program: programOf(plan.formula, images) };
      case 'seen':
        return { plan, kind: 'seen', matches: plan.test.matches, seen: captureSeen(plan.test, images) };
      case 'events': {
        const scan = captureEventTest(plan.test, rowCount, images, switches.skipChunks);
        const runCount = captureRunCount(plan.test, rowCount, images);
        const verdict = captureVerdict(plan.test.measure, images);
        return { plan, kind: 'events', test: plan.test, scan, verdict, runCount };
      }
      case 'sequence':
        return { plan, kind: 'sequence', sequence: captureSequence(plan.test, rowCount, images) };
      case 'not':
        return { plan, kind: 'not', of: this.capture(plan.of) };
      case 'and':
      case 'or':
        return { plan, kind: plan.kind, of: plan.of.map((part) => this.capture(part)) };
      default:
        return unreachable(plan);
    }
  }
}
