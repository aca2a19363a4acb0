/**
 * A sequence leaf → its tables, its window as instants, and a formula for each step and each `without`. The same parts serve
 * a funnel. Invariant: a step that no event of this shard can fit makes the whole FALSE; a `without` that none can fit is left out.
 */
import type { EventChoice } from '../../model/analysis.ts';
import type { SequenceLeaf, SequenceStep } from '../../model/expression.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { ConditionBinder } from './bind-condition.ts';
import type { Moment } from './bind-events.ts';
import type { EventSelection, SequenceTest, StepTest } from './bound-expression.ts';
import { parseDurationMs } from './duration.ts';
import { and, type Constant, FALSE, type Formula } from './formula.ts';
import { resolveWindow } from './window.ts';

export function bindSequence(
  data: Pick<ShardData, 'tableOf'>,
  leaf: SequenceLeaf,
  binder: ConditionBinder,
  moment: Moment,
): SequenceTest | Constant {
  const range = resolveWindow(leaf.window, moment.nowMs, moment.atMs);
  if (range.untilMs <= range.fromMs) return FALSE;
  const steps: StepTest[] = [];
  for (const step of leaf.sequence) {
    const bound = bindStep(data, step, binder);
    if (bound === undefined) return FALSE;
    steps.push(bound);
  }
  return { kind: 'sequence', range, steps };
}

function bindStep(data: Pick<ShardData, 'tableOf'>, step: SequenceStep, binder: ConditionBinder): StepTest | undefined {
  const events = selectEvents(data, step, binder);
  if (events === undefined) return undefined;
  return {
    events,
    isFirst: step.nth === 'first',
    withinMs: step.within === undefined ? Infinity : parseDurationMs(step.within),
    without: step.without === undefined ? undefined : selectEvents(data, step.without, binder),
  };
}

/** Undefined when no event can fit. */
export function selectEvents(
  data: Pick<ShardData, 'tableOf'>,
  choice: EventChoice,
  binder: ConditionBinder,
): EventSelection | undefined {
  const table = data.tableOf(choice.event);
  if (table === undefined || table.eventCount === 0) return undefined;
  const predicates = choice.where ?? [];
  const where = and<Formula>(predicates.map((part) => binder.bindProperty(table, part.property, part)));
  return where.kind === 'constant' && !where.value ? undefined : { table, where };
}
