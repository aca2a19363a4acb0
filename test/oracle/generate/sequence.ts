/** Sequences: steps whose distances are those that events have, to the millisecond and one beside it. */
import fc from 'fast-check';
import type { SequenceLeaf, SequenceStep } from '../../../src/model/expression.ts';
import type { EventChoice } from '../naive/event-choice.ts';
import { maybe } from './maybe.ts';
import { perMoment } from './per-moment.ts';
import { EVENT_NAMES, STEP_DURATIONS, VISIT_EVENTS } from './pool.ts';
import { predicate } from './property-predicate.ts';
import { window } from './window.ts';

const STEP_COUNT_MAX = 4;

/** An event by name, mostly whatever its properties are. */
export function eventChoice(nowMs: number, conditionTenths: number): fc.Arbitrary<EventChoice> {
  const event = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...VISIT_EVENTS) },
    { weight: 3, arbitrary: fc.constantFrom(...EVENT_NAMES) },
    { weight: 1, arbitrary: fc.constant('Never Sent') },
  );
  const where = fc.array(predicate(nowMs), { minLength: 1, maxLength: 2 }).map((predicates) => ({ where: predicates }));
  return fc.tuple(event, maybe(where, conditionTenths)).map(([name, parts]) => ({ event: name, ...parts }));
}

export function without(nowMs: number): fc.Arbitrary<Pick<SequenceStep, 'without'>> {
  return eventChoice(nowMs, 3).map((choice) => ({ without: choice }));
}

export const stepDuration = fc.constantFrom(...STEP_DURATIONS);

function step(nowMs: number, isFirst: boolean): fc.Arbitrary<SequenceStep> {
  const within = stepDuration.map((each) => ({ within: each }));
  const nth = fc.constant({ nth: 'first' as const });
  return fc
    .tuple(
      eventChoice(nowMs, 2),
      maybe(nth, 2),
      isFirst ? fc.constant({}) : maybe(within, 4),
      isFirst ? fc.constant({}) : maybe(without(nowMs), 3),
    )
    .map((parts) => Object.assign({}, ...parts));
}

export const sequenceLeaf = perMoment((nowMs): fc.Arbitrary<SequenceLeaf> => {
  const later = fc.array(step(nowMs, false), { maxLength: STEP_COUNT_MAX - 1, size: 'max' });
  const during = maybe(
    window(nowMs).map((each) => ({ window: each })),
    3,
  );
  return fc.tuple(step(nowMs, true), later, during).map(([first, rest, when]): SequenceLeaf => {
    // One step is a sequence only with `nth`.
    const start: SequenceStep = rest.length === 0 ? { ...first, nth: 'first' } : first;
    return { sequence: [start, ...rest], ...when };
  });
});
