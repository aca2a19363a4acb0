/** Our records as a DuckDB table in memory, and the recipe over it. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { ComparisonData } from '../../src/linkage/comparison-data.ts';
import type { RequestedRule } from '../../src/linkage/linkage-options.ts';
import type { Model } from '../../src/linkage/linkage-task.ts';
import type { RecordTable } from '../../src/linkage/record-table.ts';
import { NO_DAY, textAt } from '../../src/linkage/text-store.ts';
import { DuckDbTable } from '../peer/duckdb-table.ts';
import { columnOf, dayColumnOf, keyColumns, rarityColumnOf, recipeSql } from './duckdb-recipe.ts';

export interface RecipeAnswer {
  readonly tookMs: number;
  readonly compared: number;
  readonly found: number;
  readonly weightSum: number;
}

export class DuckDbLinkage {
  readonly #connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  readonly #sql: string;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, sql: string) {
    this.#instance = instance;
    this.#connection = connection;
    this.#sql = sql;
  }

  static async load(
    table: RecordTable,
    data: ComparisonData,
    rules: readonly RequestedRule[],
    model: Model,
    least: number,
    threads: number,
  ): Promise<DuckDbLinkage> {
    const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
    const connection = await instance.connect();
    const width = data.fields.length;
    const columns = data.fields.flatMap((_, field) => [
      `${columnOf(field)} VARCHAR`,
      `${rarityColumnOf(field)} DOUBLE`,
      `${dayColumnOf(field)} INTEGER`,
    ]);
    await connection.run(`CREATE TABLE raw (id UINTEGER, ${columns.join(', ')})`);
    const raw = await DuckDbTable.open(connection, 'raw');
    for (let row = 0; row < data.recordCount; row++) {
      const values = data.fields.flatMap(({ kind, texts }, field) => {
        const code = data.codes[row * width + field];
        const day = kind === 'date' && texts.details[code] !== NO_DAY ? texts.details[code] : null;
        return [code === 0 ? null : textAt(texts, code), model.weights.fields[field].rarity[code], day];
      });
      raw.add([row, ...values]);
    }
    raw.close();
    await connection.run(`CREATE TABLE records AS SELECT *, ${keyColumns(table, rules).join(', ')} FROM raw`);
    await connection.run('DROP TABLE raw');
    return new DuckDbLinkage(instance, connection, recipeSql(data.fields, rules, model, least));
  }

  async run(): Promise<RecipeAnswer> {
    const startMs = performance.now();
    const reader = await this.#connection.runAndReadAll(this.#sql);
    const tookMs = performance.now() - startMs;
    const [compared, found, weightSum] = reader.getRows()[0].map(Number);
    return { tookMs, compared, found, weightSum };
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}
