/** `answer_from_participants`: counts of all time without `where` are read from the participants; no event is looked at. */
import { type LogicalPlan, mapLeaves } from '../logical-plan.ts';
import { planPass } from '../pass.ts';

export const answerFromParticipants = planPass(
  'answer_from_participants',
  'counts of all time are read from the counters of each profile and event name',
  (plan) => mapLeaves(plan, answered),
);

function answered(leaf: LogicalPlan): LogicalPlan {
  if (leaf.kind !== 'events' || leaf.measure.kind !== 'count') return leaf;
  const { measure, range, table, where } = leaf;
  const isEver = range.fromMs === -Infinity && range.untilMs === Infinity;
  if (!isEver || where.kind !== 'constant' || !where.value) return leaf;
  return { kind: 'participants', table, min: measure.min, max: measure.max };
}
