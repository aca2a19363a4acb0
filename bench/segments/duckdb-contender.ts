/**
 * Program: DuckDB in process, asked the questions of the segments bench. All in memory, events sorted by user and time in one
 * table (its best layout for questions about a person's events).
 */
import { DuckDBInstance } from '@duckdb/node-api';
import type { Population } from '../../src/generator/population.ts';
import { generateProfile } from '../../src/generator/profile.ts';
import { EVENT_TABLES, PROFILE_TABLE, schemaSql } from '../peer/duckdb-schema.ts';
import { readConfig } from '../process/program-entry.ts';
import { serveAsks } from './asking.ts';
import { isFunnel, segmentQuestions } from './question.ts';

export interface DuckDbContenderConfig {
  /** As `peer/duckdb-build.ts` made it. */
  readonly path: string;
  readonly threads: number;
  readonly population: Population;
  /** Also written as Parquet, for ClickHouse; then it answers nothing. */
  readonly exportFolder?: string | undefined;
}

const { path, threads, population, exportFolder } = readConfig<DuckDbContenderConfig>();
const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
const connection = await instance.connect();
for (const sql of schemaSql().filter((text) => text.startsWith('CREATE TYPE'))) await connection.run(sql);
await connection.run(`ATTACH '${path}' AS source (READ_ONLY)`);
await connection.run(`CREATE TABLE profiles AS SELECT * FROM source."${PROFILE_TABLE}" ORDER BY "user"`);
const selects = EVENT_TABLES.map((table) => {
  const isOther = table === 'Other';
  const event = isOther ? 'event' : `'${table}'::event_name AS event`;
  const category = table === 'Page Viewed' ? 'NULL::category_name AS category' : 'category';
  const total = table === 'Order Completed' ? 'total' : 'NULL::DOUBLE AS total';
  return `SELECT "user", ts, ${event}, ${category}, ${total} FROM source."${table}"`;
});
await connection.run(`CREATE TABLE events AS SELECT * FROM (${selects.join(' UNION ALL ')}) ORDER BY "user", ts`);
await connection.run('DETACH source');
if (exportFolder !== undefined) {
  const columns = `"user", email, country::VARCHAR AS country, plan::VARCHAR AS plan, age, ltv, tags::VARCHAR[] AS tags, consent_email, has_app`;
  await connection.run(`COPY (SELECT ${columns} FROM profiles) TO '${exportFolder}/profiles.parquet'`);
  await connection.run(
    `COPY (SELECT "user", ts, event::VARCHAR AS event, category::VARCHAR AS category, total FROM events) TO '${exportFolder}/events.parquet'`,
  );
}

const questions = new Map(
  segmentQuestions((user) => String(generateProfile(population.seed, user, population.endMs).traits['email'])).map(
    (question) => [question.name, question],
  ),
);

serveAsks({
  async count(name) {
    const { ask, duckdb } = questions.get(name)!;
    const sql = isFunnel(ask) ? duckdb! : `SELECT count(*) FROM (${duckdb})`;
    const reader = await connection.runAndReadAll(sql);
    return reader.getRows()[0].map(Number);
  },
  async users(name) {
    const { ask, duckdb } = questions.get(name)!;
    if (isFunnel(ask)) return [];
    const reader = await connection.runAndReadAll(duckdb!);
    return (reader.getColumns()[0] ?? []).map(Number);
  },
});
