/** Rows into a DuckDB table, a vector at a time: one call per column and 2,048 rows, not one per value. */
import { type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk, type DuckDBValue } from '@duckdb/node-api';

const VECTOR_SIZE = 2_048;

export class DuckDbTable {
  readonly #appender: DuckDBAppender;
  readonly #columns: DuckDBValue[][];

  private constructor(appender: DuckDBAppender) {
    this.#appender = appender;
    this.#columns = Array.from({ length: appender.columnCount }, () => []);
  }

  static async open(connection: DuckDBConnection, table: string): Promise<DuckDbTable> {
    return new DuckDbTable(await connection.createAppender(table));
  }

  add(values: readonly DuckDBValue[]): void {
    for (let column = 0; column < values.length; column++) this.#columns[column].push(values[column]);
    if (this.#columns[0].length === VECTOR_SIZE) this.#append();
  }

  /** Hands what was added to the table. */
  flush(): void {
    if (this.#columns[0].length > 0) this.#append();
    this.#appender.flushSync();
  }

  close(): void {
    this.flush();
    this.#appender.closeSync();
  }

  #append(): void {
    const types = this.#columns.map((_, column) => this.#appender.columnType(column));
    const chunk = DuckDBDataChunk.create(types);
    chunk.setColumns(this.#columns);
    this.#appender.appendDataChunk(chunk);
    for (const column of this.#columns) column.length = 0;
  }
}
