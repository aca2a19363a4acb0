/**
 * What the events of each table mean to a sequence or a funnel. Invariant: the uses of a table are in the order in which an event
 * has to be offered: steps from the last to the first, then what bars.
 */
import type { EventTable } from '../../profile/event-table.ts';
import type { EventSelection, SequenceTest } from '../binder/bound-expression.ts';
import type { SequenceShape } from './sequence-state.ts';

export interface Use {
  readonly kind: 'step' | 'bar';
  readonly step: number;
  readonly events: EventSelection;
}

export interface UsedTable {
  readonly table: EventTable;
  readonly uses: readonly Use[];
}

interface Step {
  readonly events: EventSelection;
  readonly without: EventSelection | undefined;
}

/** The tables in the order of the first step that names them. */
export function usesOf(steps: readonly Step[]): UsedTable[] {
  const uses: Use[] = [];
  for (let step = steps.length - 1; step >= 0; step--) uses.push({ kind: 'step', step, events: steps[step].events });
  steps.forEach(({ without }, step) => {
    if (without !== undefined) uses.push({ kind: 'bar', step, events: without });
  });
  const tables = new Set<EventTable>();
  for (const { events } of steps) tables.add(events.table);
  for (const { events } of uses) tables.add(events.table);
  return [...tables].map((table) => ({ table, uses: uses.filter(({ events }) => events.table === table) }));
}

export function shapeOf({ range, steps }: SequenceTest): SequenceShape {
  return {
    fromMs: range.fromMs,
    withinMs: Float64Array.from(steps, (step) => step.withinMs),
    isFirst: Uint8Array.from(steps, (step) => (step.isFirst ? 1 : 0)),
  };
}
