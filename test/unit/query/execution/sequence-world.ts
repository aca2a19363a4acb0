/**
 * Random worlds of short histories with equal and late times, random sequences and funnels over them, and the naive answer to a
 * sequence: every assignment is tried.
 */
import { durationMsOf } from '../../../../src/base/duration.ts';
import type { PropertyPredicate, SequenceLeaf, SequenceStep, Window } from '../../../../src/model/expression.ts';
import { resolveWindow } from '../../../../src/query/binder/window.ts';
import { DAY_MS, type Item, NOW_MS } from './world.ts';

export type Random = (limit: number) => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

export interface PlainEvent {
  readonly name: string;
  readonly timeMs: number;
  readonly x: number;
}

const HOUR_MS = 3_600_000;
const EVENTS = ['View', 'Add', 'Order', 'Refund'];

/** Events of `userCount` users in random order of arrival, nearly in order of time; with few distinct times, so that many are equal. */
export function randomEvents(random: Random, userCount: number, eventCount: number): [number, PlainEvent][] {
  return Array.from({ length: eventCount }, (_, e) => {
    const isLate = random(6) === 0;
    const hours = 3 * Math.floor((isLate ? random(240) : Math.floor((e / eventCount) * 230) + random(4)) / 3);
    const name = EVENTS[Math.floor(Math.sqrt(random(16)))];
    return [random(userCount), { name, timeMs: NOW_MS - 10 * DAY_MS + hours * HOUR_MS, x: random(4) }];
  });
}

export function itemOf([user, { name, timeMs, x }]: readonly [number, PlainEvent]): Item {
  const timestamp = new Date(timeMs).toISOString();
  return { type: 'track', userId: `u${user}`, event: name, timestamp, properties: { x } };
}

export function randomWhere(random: Random): { where?: readonly PropertyPredicate[] } {
  if (random(3) > 0) return {};
  const op = (['eq', 'neq', 'gte'] as const)[random(3)];
  return { where: [{ property: 'x', op, value: random(4) }] };
}

export function randomWindow(random: Random): { window?: Window } {
  const kind = random(4);
  if (kind === 0) return { window: { last: `${1 + random(10)}d` } };
  if (kind === 1) return { window: { between: [`${5 + random(5)}d`, `${random(5)}d`] } };
  return {};
}

export function randomChoice(random: Random): { event: string; where?: readonly PropertyPredicate[] } {
  return { event: random(20) === 0 ? 'Never' : EVENTS[random(4)], ...randomWhere(random) };
}

/** Now and then more steps than a loop is written out for. */
export function randomStepCount(random: Random): number {
  return random(12) === 0 ? 9 + random(3) : 1 + random(4);
}

export function randomSequence(random: Random): SequenceLeaf {
  const count = randomStepCount(random);
  const sequence = Array.from({ length: count }, (_, i): SequenceStep => {
    const isFirst = count === 1 || random(5) === 0;
    return {
      ...randomChoice(random),
      ...(isFirst ? { nth: 'first' as const } : {}),
      ...(i > 0 && random(2) === 0 ? { within: `${random(60)}h` } : {}),
      ...(i > 0 && random(3) === 0 ? { without: randomChoice(random) } : {}),
    };
  });
  return { sequence, ...randomWindow(random) };
}

/** In the order of time, then arrival; those after `at` are not there. */
export function timelineOf(events: readonly PlainEvent[], atMs: number | undefined): PlainEvent[] {
  return events.filter(({ timeMs }) => timeMs <= (atMs ?? Infinity)).sort((a, b) => a.timeMs - b.timeMs);
}

export function fits(
  choice: { readonly event: string; readonly where?: readonly PropertyPredicate[] | undefined },
  { name, x }: PlainEvent,
): boolean {
  return (
    choice.event === name &&
    (choice.where ?? []).every(({ op, value }) =>
      op === 'eq' ? x === value : op === 'neq' ? x !== value : x >= Number(value),
    )
  );
}

/** The positions of one assignment, or undefined. */
export function holdsNaively(
  { sequence, window }: SequenceLeaf,
  history: readonly PlainEvent[],
  atMs: number | undefined,
): boolean {
  const events = timelineOf(history, atMs);
  const range = resolveWindow(window, NOW_MS, atMs);
  const tryFrom = (step: number, previous: number): boolean => {
    if (step === sequence.length) return true;
    const { nth, within, without } = sequence[step];
    for (let i = previous + 1; i < events.length; i++) {
      const { timeMs } = events[i];
      if (!fits(sequence[step], events[i]) || timeMs < range.fromMs || timeMs >= range.untilMs) continue;
      if (nth === 'first' && events.slice(0, i).some((event) => fits(sequence[step], event))) continue;
      if (within !== undefined && timeMs - events[previous].timeMs > durationMsOf(within)) continue;
      if (without !== undefined && events.slice(previous + 1, i).some((event) => fits(without, event))) continue;
      if (tryFrom(step + 1, i)) return true;
    }
    return false;
  };
  return tryFrom(0, -1);
}
