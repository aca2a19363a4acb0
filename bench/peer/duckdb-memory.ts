/**
 * Program: what a population takes in DuckDB's memory. The rows come from a file, so that nothing of the loader counts, and
 * the allocator is told to give back what it does not need. `plain` is what an in-memory database does by itself;
 * `compressed` is checkpointed, which packs the columns as in a file.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { PROBE_SQL } from '../data/probe.ts';
import type { MemoryReading } from '../engine/memory.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { type Resident, settledResident } from '../process/resident.ts';
import { EVENT_TABLES, PROFILE_TABLE, schemaSql } from './duckdb-schema.ts';

export interface DuckDbMemoryConfig {
  /** As `duckdb-build.ts` made it. */
  readonly path: string;
  readonly layout: DuckDbLayout;
  readonly settleRounds: number;
}

export type DuckDbLayout = 'plain' | 'compressed';

const { path, layout, settleRounds } = readConfig<DuckDbMemoryConfig>();
const base = await settledResident(settleRounds);
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
await connection.run('SET allocator_background_threads = true');
await connection.run("SET allocator_flush_threshold = '1MB'");
await connection.run(`ATTACH ':memory:' AS held${layout === 'compressed' ? ' (COMPRESS)' : ''}`);
await connection.run('USE held');
for (const sql of schemaSql()) await connection.run(sql);

async function copy(tables: readonly string[]): Promise<Resident> {
  await connection.run(`ATTACH '${path}' AS source (READ_ONLY)`);
  for (const table of tables) await connection.run(`INSERT INTO held."${table}" SELECT * FROM source."${table}"`);
  await connection.run('DETACH source');
  if (layout === 'compressed') await connection.run('FORCE CHECKPOINT held');
  return await settledResident(settleRounds);
}

async function numberOf(sql: string): Promise<number> {
  return Number((await connection.runAndReadAll(sql)).getRows()[0][0] ?? 0);
}

const profilesOnly = await copy([PROFILE_TABLE]);
const all = await copy(EVENT_TABLES);
const profiles = await numberOf(`SELECT count(*) FROM ${PROFILE_TABLE}`);
let events = 0;
for (const table of EVENT_TABLES) events += await numberOf(`SELECT count(*) FROM "${table}"`);
const probe = await numberOf(PROBE_SQL);
const parts = { duckdb: await numberOf('SELECT sum(memory_usage_bytes) FROM duckdb_memory()') };
const reading: MemoryReading = { base, profilesOnly, all, profiles, events, probe, parts };
connection.closeSync();
answer(reading);
endProgram();
