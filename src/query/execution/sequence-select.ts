/** The rows for which a sequence holds. */
import { RowSet } from '../../bitmap/row-set.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { SequenceTest } from '../binder/bound-expression.ts';
import { SequenceRow } from '../evaluation/sequence-row.ts';
import type { Evaluation } from './operator.ts';
import type { ImageSet } from './program.ts';
import { usesOf } from './sequence-use.ts';

export interface CapturedSequence {
  readonly test: SequenceTest;
  readonly rowCount: number;
  /** Events at the instant. */
  readonly eventCounts: ReadonlyMap<EventTable, number>;
}

export function captureSequence(test: SequenceTest, rowCount: number, _images: ImageSet): CapturedSequence {
  const eventCounts = new Map(usesOf(test.steps).map(({ table }) => [table, table.eventCount]));
  return { test, rowCount, eventCounts };
}

export function* selectSequence(
  { test, rowCount, eventCounts }: CapturedSequence,
  candidates: RowSet | undefined,
  _probeNsMax: number,
): Evaluation {
  const one = new SequenceRow(test, (table) => eventCounts.get(table)!);
  const asked = candidates ?? RowSet.all(rowCount);
  const rows = asked.rowsFrom(0, asked.cardinality).filter((row) => one.holds(row));
  return RowSet.of(rows);
}
