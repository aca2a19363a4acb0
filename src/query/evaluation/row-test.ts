/**
 * The evaluator of one profile: a bound expression becomes `(row) => boolean` over the columns as they are now. Events are found by
 * following the profile's own chain, so the cost is that of its events, and nothing is allocated per row (but for
 * `count_distinct` and for text operators on `first_seen` and `last_seen`).
 *
 * Bound with a `RowSelector` it is ready in microseconds however many values the columns have; with a `CodeSelector` each row is
 * cheaper, after each dictionary was looked at. Either way it is good for the turn in which it was made.
 */
import { unreachable } from '../../base/assert.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import type { BoundExpression, EventTest, SeenTest } from '../binder/bound-expression.ts';
import { EventProbe } from './event-probe.ts';
import { allOf, anyOf, compileIndexTest } from './index-test.ts';
import { SequenceRow } from './sequence-row.ts';

export type RowTest = (row: number) => boolean;

export function compileRowTest(bound: BoundExpression): RowTest {
  switch (bound.kind) {
    case 'seen':
      return seenTest(bound);
    case 'events':
      return eventTest(bound);
    case 'sequence': {
      const sequence = new SequenceRow(bound, (table) => table.eventCount);
      return (row) => sequence.holds(row);
    }
    case 'members': {
      const { rows } = bound;
      return (row) => rows.has(row);
    }
    case 'not': {
      const part = compileRowTest(bound.of);
      return (row) => !part(row);
    }
    case 'and':
      return allOf(bound.of.map(compileRowTest));
    case 'or':
      return anyOf(bound.of.map(compileRowTest));
    case 'constant':
    case 'codes':
    case 'numbers':
    case 'compare':
    case 'random':
      return compileIndexTest(bound);
    default:
      return unreachable(bound);
  }
}

function seenTest({ column, matches }: SeenTest): RowTest {
  return (row) => {
    const timeMs = column.get(row);
    // At a past moment some had never been seen.
    return !Number.isNaN(timeMs) && matches(Buffer.from(formatIsoDate(timeMs)));
  };
}

function eventTest(test: EventTest): RowTest {
  const { measure, range, table, where } = test;
  const isEver = range.fromMs === -Infinity && range.untilMs === Infinity && where.kind === 'constant' && where.value;
  if (measure.kind === 'count' && isEver) {
    const { min, max } = measure;
    return (row) => {
      const slot = table.slotOf(row);
      const count = slot < 0 ? 0 : table.countAt(slot);
      return count >= min && count <= max;
    };
  }
  const probe = new EventProbe(test, table.eventCount);
  return (row) => probe.fitsRow(row);
}
