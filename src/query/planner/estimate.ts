/**
 * How many rows a part will leave, and what it will cost, before anything was read: exact from bitmaps, from zone maps and the
 * sizes of dictionaries for columns, from participants and the window's share for events. Parts count as independent.
 */
import { unreachable } from '../../base/assert.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { NumberColumn } from '../../memory/ladder-column.ts';
import type { TimeColumn } from '../../memory/time-column.ts';
import { TextColumn } from '../../profile/text-column.ts';
import type { EventTest, SequenceTest } from '../binder/bound-expression.ts';
import type { CodeTest, Formula, NumberSelection, NumberTest } from '../binder/formula.ts';
import type { TimeRange } from '../binder/window.ts';
import { eventCostNs, formulaCostNs, participantCostNs, SEEN_NS, sequenceCostNs } from './cost.ts';
import type { LogicalPlan, ParticipantsLeaf } from './logical-plan.ts';
import { fitsNoEvent } from './no-event.ts';

/** Of what nothing is known. */
const GUESS = 0.3;

export class Estimator {
  readonly rowCount: number;
  readonly #shares = new WeakMap<object, number>();

  constructor(rowCount: number) {
    this.rowCount = rowCount;
  }

  rows(plan: LogicalPlan): number {
    return this.#share(plan) * this.rowCount;
  }

  /** On one thread, over everybody. */
  costNs(plan: LogicalPlan): number {
    switch (plan.kind) {
      case 'constant':
      case 'rows':
      case 'members':
        return 0;
      case 'seen':
        return this.rowCount * SEEN_NS;
      case 'events':
        return eventCostNs(plan, this.rowCount);
      case 'sequence':
        return sequenceCostNs(plan, this.rowCount);
      case 'participants':
        return participantCostNs(plan.table);
      case 'scan':
        return formulaCostNs(plan.formula) * this.rowCount;
      case 'not':
        return this.costNs(plan.of);
      case 'and':
      case 'or':
        return plan.of.reduce((sum, part) => sum + this.costNs(part), 0);
      default:
        return formulaCostNs(plan) * this.rowCount;
    }
  }

  /** The share of all rows, 0 to 1. */
  #share(plan: LogicalPlan): number {
    let share = this.#shares.get(plan);
    if (share === undefined) {
      share = Math.min(1, Math.max(0, this.#shareOf(plan)));
      this.#shares.set(plan, share);
    }
    return share;
  }

  #shareOf(plan: LogicalPlan): number {
    const { rowCount } = this;
    switch (plan.kind) {
      case 'rows':
      case 'members':
        return rowCount === 0 ? 0 : plan.rows.cardinality / rowCount;
      case 'seen':
        return GUESS;
      case 'events':
        return eventShare(plan, rowCount);
      case 'sequence':
        return sequenceShare(plan, rowCount);
      case 'participants':
        return participantShare(plan, rowCount);
      case 'scan':
        return formulaShare(plan.formula, rowCount);
      case 'not':
        return 1 - this.#share(plan.of);
      case 'and':
        return plan.of.reduce((share, part) => share * this.#share(part), 1);
      case 'or':
        return 1 - plan.of.reduce((share, part) => share * (1 - this.#share(part)), 1);
      default:
        return formulaShare(plan, rowCount);
    }
  }
}

/** The share of the first `count` elements for which the formula holds. */
export function formulaShare(formula: Formula, count: number): number {
  switch (formula.kind) {
    case 'constant':
      return formula.value ? 1 : 0;
    case 'codes':
      return codeShare(formula);
    case 'numbers':
      return count === 0 ? 0 : Math.min(1, numberCount(formula, count) / count);
    case 'compare':
      return GUESS;
    case 'random':
      return formula.bucket.to - formula.bucket.from;
    case 'not':
      return 1 - formulaShare(formula.of, count);
    case 'and':
      return formula.of.reduce((share, part) => share * formulaShare(part, count), 1);
    case 'or':
      return 1 - formula.of.reduce((share, part) => share * (1 - formulaShare(part, count)), 1);
    default:
      return unreachable(formula);
  }
}

/** As if every value of the dictionary were as frequent as every other, and nothing were missing. */
function codeShare({ owner, selection }: CodeTest): number {
  const valueCount = owner instanceof TextColumn ? owner.dictionary.count : 2;
  if (selection.kind === 'none' || valueCount === 0) return 0;
  if (selection.kind === 'any') return 1;
  return (selection.kind === 'one' ? 1 : selection.fitCount) / valueCount;
}

/** By the bounds of each chunk, as if the numbers in it were spread evenly. */
function numberCount({ column, selection }: NumberTest, count: number): number {
  if (!(column instanceof NumberColumn)) return count * (selection.kind === 'present' ? 1 : GUESS);
  let sum = 0;
  for (let chunk = 0; chunk < column.chunkCount; chunk++) {
    if (column.pages[chunk] === undefined) continue;
    const length = Math.max(0, Math.min(CHUNK_ROWS, count - chunk * CHUNK_ROWS));
    sum += length * overlap(selection, column.mins[chunk], column.maxs[chunk]);
  }
  return sum;
}

function overlap(selection: NumberSelection, min: number, max: number): number {
  if (selection.kind === 'present') return 1;
  const width = max - min + 1;
  if (selection.kind === 'list') {
    const inside = selection.values.filter((value) => value >= min && value <= max).length;
    return Math.min(1, inside / width);
  }
  const low = Math.max(min, selection.min);
  const high = Math.min(max, selection.max);
  return low > high ? 0 : Math.min(1, (high - low + 1) / width);
}

/** The share of a table's events that lie in the range: by the bounds of each chunk. */
export function windowShare(times: TimeColumn, range: TimeRange): number {
  if (times.length === 0) return 0;
  let sum = 0;
  for (let chunk = 0; chunk < times.chunkCount; chunk++) {
    const min = times.mins[chunk];
    const max = times.maxs[chunk];
    const inside = Math.min(max + 1, range.untilMs) - Math.max(min, range.fromMs);
    if (inside <= 0) continue;
    sum += Math.min(CHUNK_ROWS, times.length - chunk * CHUNK_ROWS) * Math.min(1, inside / (max - min + 1));
  }
  return sum / times.length;
}

/** As if the steps were independent: the share of profiles that have an event of each. */
function sequenceShare({ steps, range }: SequenceTest, rowCount: number): number {
  if (rowCount === 0) return 0;
  return steps.reduce((share, { events: { table, where } }) => {
    const fitting = table.eventCount * windowShare(table.times, range) * formulaShare(where, table.eventCount);
    const mean = fitting / Math.max(1, table.participantCount);
    return share * Math.min(1, table.participantCount / rowCount) * (1 - Math.exp(-mean));
  }, 1);
}

/** As if the events that count fell on the participants at random (Poisson). */
function eventShare(test: EventTest, rowCount: number): number {
  if (rowCount === 0) return 0;
  const { table, range, where, measure } = test;
  const counted = table.eventCount * windowShare(table.times, range) * formulaShare(where, table.eventCount);
  const mean = counted / Math.max(1, table.participantCount);
  const participants = Math.min(1, table.participantCount / rowCount);
  const any = participants * (1 - Math.exp(-mean));
  if (measure.kind === 'edge') return any * formulaShare(measure.fits, table.eventCount);
  if (measure.kind === 'count') {
    const share = participants * poissonShare(mean, measure.min, measure.max);
    return share + (measure.min <= 0 ? 1 - participants : 0);
  }
  return any * GUESS + (fitsNoEvent(measure) ? 1 - any : 0);
}

function participantShare({ table, min, max }: ParticipantsLeaf, rowCount: number): number {
  if (rowCount === 0) return 0;
  const participants = Math.min(1, table.participantCount / rowCount);
  const mean = table.eventCount / Math.max(1, table.participantCount);
  // A participant has at least one event.
  const share = min <= 1 && max === Infinity ? 1 : poissonShare(mean, Math.max(1, min), max);
  return participants * share + (min <= 0 ? 1 - participants : 0);
}

/** Terms beyond which the normal curve is close enough. */
const POISSON_MEAN_MAX = 200;

/** The chance of `min` to `max` events where `mean` are usual. */
export function poissonShare(mean: number, min: number, max: number): number {
  const below = (count: number): number =>
    mean > POISSON_MEAN_MAX ? normalBelow(mean, count) : termsBelow(mean, count);
  return Math.max(0, (max === Infinity ? 1 : below(max + 1)) - below(Math.max(0, min)));
}

/** The chance of fewer than `count`. */
function termsBelow(mean: number, count: number): number {
  let term = Math.exp(-mean);
  let sum = 0;
  for (let k = 0; k < count && k < 4 * POISSON_MEAN_MAX; k++) {
    sum += term;
    term *= mean / (k + 1);
  }
  return Math.min(1, sum);
}

/** A logistic curve in place of the normal one: within a hundredth of it. */
function normalBelow(mean: number, count: number): number {
  return 1 / (1 + Math.exp((-1.702 * (count - 0.5 - mean)) / Math.sqrt(mean)));
}
