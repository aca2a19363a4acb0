/**
 * Compiles the sources of a mapping (a column, a column with a type, arithmetic over columns) into functions from a row to a
 * value. A name that is no column is refused here, before the first row is read.
 */
import { EngineError } from '../../model/error.ts';
import { compileArithmetic } from './arithmetic.ts';
import { CELL_TYPES, type CellType, readCell, readNumber } from './cell.ts';

export type Read<Row> = (row: Row) => unknown;

/** How to reach a column of a kind of file. */
export interface Columns<Row> {
  /** All names, when they are known beforehand (CSV). */
  readonly names: readonly string[] | undefined;
  /** Undefined when there is no such column. */
  reader(name: string): Read<Row> | undefined;
  /** Type of a source without one. */
  readonly defaultType: CellType;
}

export class SourceCompiler<Row> {
  readonly columns: Columns<Row>;
  readonly parseDate: (text: string) => string;

  constructor(columns: Columns<Row>, parseDate: (text: string) => string) {
    this.columns = columns;
    this.parseDate = parseDate;
  }

  /** A column, a column with a type, or arithmetic, in that order: a column may well be called `a-b`. Errors: invalid_mapping. */
  compile(source: string, defaultType: CellType = this.columns.defaultType): Read<Row> {
    const { names } = this.columns;
    const [name, type] = names?.includes(source) ? [source, undefined] : splitType(source);
    const isArithmetic = names?.includes(name) !== true && /[-+*/()]/.test(name);
    if (!isArithmetic) {
      const read = this.column(name);
      return (row) => readCell(read(row), type ?? defaultType, name, this.parseDate);
    }
    const evaluate = compileArithmetic<Row>(name, (column) => {
      const read = this.column(column);
      return (row) => readNumber(read(row), column);
    });
    return (row) => {
      const value = evaluate(row);
      if (Number.isFinite(value)) return readCell(value, type ?? 'number', name, this.parseDate);
      throw new EngineError('invalid_number', `${name} gives no number for this row`);
    };
  }

  /** What stands in the column, untouched. Errors: invalid_mapping. */
  column(name: string): Read<Row> {
    const read = this.columns.reader(name);
    if (read !== undefined) return read;
    throw new EngineError('invalid_mapping', `there is no column ${JSON.stringify(name)}${this.known()}`);
  }

  /** For messages: "; the file has a, b". */
  known(): string {
    const { names } = this.columns;
    if (names === undefined) return '';
    const other = names.length === 1 ? /[;\t|]/.exec(names[0])?.[0] : undefined;
    const hint =
      other === undefined ? '' : ` in one column: is ${other === '\t' ? "'\\t'" : `'${other}'`} its --delimiter?`;
    return `; the file has ${names.join(', ')}${hint}`;
  }
}

/** `CustomerID:integer` → column and type. */
export function splitType(source: string): readonly [name: string, type: CellType | undefined] {
  const split = source.lastIndexOf(':');
  const type = source.slice(split + 1);
  if (split > 0 && CELL_TYPES.includes(type as CellType)) return [source.slice(0, split), type as CellType];
  return [source, undefined];
}
