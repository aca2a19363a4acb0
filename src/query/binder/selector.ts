/** Who says which codes of a dictionary fit a test: over the whole dictionary and kept (`CodeSelector`), or when asked (`RowSelector`). */
import type { TextColumn } from '../../profile/text-column.ts';
import type { ComparisonTables } from './comparison-table.ts';
import type { CodeSelection } from './formula.ts';
import type { TextTest, ValueTest } from './value-test.ts';

export interface Selector extends ComparisonTables {
  /** Codes of a column of plain texts. */
  texts(column: TextColumn, test: TextTest): CodeSelection;
  /** Codes of a column of arrays: those in which some scalar at the end of `rest` fits. */
  arrays(column: TextColumn, rest: readonly string[], test: ValueTest): CodeSelection;
  /** Codes of a column of arrays in which something that is not null stands at the end of `rest`. */
  arraysPresent(column: TextColumn, rest: readonly string[]): CodeSelection;
  /** Codes of a column of arrays whose first scalar at the end of `rest` fits. */
  firstScalars(column: TextColumn, rest: readonly string[], test: ValueTest): CodeSelection;
}
