/**
 * Program: ClickHouse in process (chdb), asked the questions of the segments bench. MergeTree ordered by user and time, merged into one
 * part. The package is large and only wanted here, so it is no dependency: `chdb-package.ts` says where it is looked for.
 */
import type { Population } from '../../src/generator/population.ts';
import { generateProfile } from '../../src/generator/profile.ts';
import { readConfig } from '../process/program-entry.ts';
import { serveAsks } from './asking.ts';
import { importChdb } from './chdb-package.ts';
import { isFunnel, segmentQuestions } from './question.ts';

export interface ClickHouseContenderConfig {
  /** Where `duckdb-contender.ts` wrote Parquet files. */
  readonly exportFolder: string;
  readonly storeFolder: string;
  readonly threads: number;
  readonly population: Population;
}

const { exportFolder, storeFolder, threads, population } = readConfig<ClickHouseContenderConfig>();
const { Session } = await importChdb();
const session = new Session(storeFolder);
const run = (sql: string): string => session.query(sql, 'JSONCompact');
const settings = `SETTINGS max_threads = ${threads}`;
run('CREATE DATABASE IF NOT EXISTS bench');
run(`CREATE TABLE bench.profiles ("user" UInt32, email String, country LowCardinality(String), plan LowCardinality(String), age UInt8, ltv Float64,
  tags Array(LowCardinality(String)), consent_email Bool, has_app Bool) ENGINE = MergeTree ORDER BY "user"`);
run(`INSERT INTO bench.profiles SELECT * FROM file('${exportFolder}/profiles.parquet', Parquet)`);
run(`CREATE TABLE bench.events ("user" UInt32, ts DateTime64(3, 'UTC'), event LowCardinality(String), category LowCardinality(Nullable(String)), total Nullable(Float64))
  ENGINE = MergeTree ORDER BY ("user", ts)`);
run(`INSERT INTO bench.events SELECT * FROM file('${exportFolder}/events.parquet', Parquet)`);
run('OPTIMIZE TABLE bench.profiles FINAL');
run('OPTIMIZE TABLE bench.events FINAL');
run('USE bench');

const questions = new Map(
  segmentQuestions((user) => String(generateProfile(population.seed, user, population.endMs).traits['email'])).map(
    (question) => [question.name, question],
  ),
);
const rowsOf = (sql: string): readonly (readonly (string | number)[])[] => {
  const { data } = JSON.parse(run(`${sql} ${settings}`)) as { data: (string | number)[][] };
  return data;
};

serveAsks({
  async count(name) {
    const { ask, clickhouse } = questions.get(name)!;
    const sql = isFunnel(ask) ? clickhouse! : `SELECT count() FROM (${clickhouse})`;
    return rowsOf(sql)[0].map(Number);
  },
  async users(name) {
    const { ask, clickhouse } = questions.get(name)!;
    return isFunnel(ask) ? [] : rowsOf(clickhouse!).map(([user]) => Number(user));
  },
});
