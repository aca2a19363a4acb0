/**
 * Sequences by trying assignments: an event for the first step, then every later one for the second, and so on, until one
 * assignment holds. A branch is given up at the first condition that fails.
 */
import type { SequenceLeaf, SequenceStep } from '../../../src/model/expression.ts';
import { durationMsOf } from './duration.ts';
import { isChosen, type Moment, nowOf, visibleEvents } from './event-choice.ts';
import type { NaiveProfile } from './profile.ts';
import { isInWindow } from './window.ts';

export function isSequenceTrue({ sequence, window }: SequenceLeaf, profile: NaiveProfile, moment: Moment): boolean {
  const events = visibleEvents(profile, moment);
  /** Positions in the timeline that the step's event and where choose. */
  const choices = sequence.map((step) => positionsOf(step));
  const obstacles = sequence.map(({ without }) => (without === undefined ? [] : positionsOf(without)));

  function positionsOf(choice: Pick<SequenceStep, 'event' | 'where'>): readonly number[] {
    return events.flatMap((event, position) => (isChosen(choice, event, profile, moment) ? [position] : []));
  }

  function mayFollow(step: number, previous: number, position: number): boolean {
    if (!isInWindow(window, events[position].timeMs, nowOf(moment))) return false;
    if (sequence[step].nth === 'first' && choices[step][0] !== position) return false;
    if (step === 0) return true;
    const { within } = sequence[step];
    if (position <= previous) return false;
    if (within !== undefined && events[position].timeMs - events[previous].timeMs > durationMsOf(within)) return false;
    return !obstacles[step].some((obstacle) => previous < obstacle && obstacle < position);
  }

  function holdsFrom(step: number, previous: number): boolean {
    if (step === sequence.length) return true;
    return choices[step].some((position) => mayFollow(step, previous, position) && holdsFrom(step + 1, position));
  }

  return holdsFrom(0, -1);
}
