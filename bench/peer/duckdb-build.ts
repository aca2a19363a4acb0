/** Program: writes a population into a DuckDB file, for `duckdb-memory.ts` to hold in memory without a trace of how it was made. */
import { DuckDBInstance } from '@duckdb/node-api';
import type { Population } from '../../src/generator/population.ts';
import { generateProfile } from '../../src/generator/profile.ts';
import { forEachEvent } from '../../src/generator/stream.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { EVENT_TABLES, eventRow, eventTable, PROFILE_TABLE, profileRow, schemaSql } from './duckdb-schema.ts';
import { DuckDbTable } from './duckdb-table.ts';

export interface DuckDbBuildConfig {
  readonly path: string;
  readonly population: Population;
}

const { path, population } = readConfig<DuckDbBuildConfig>();
const instance = await DuckDBInstance.create(path);
const connection = await instance.connect();
for (const sql of schemaSql()) await connection.run(sql);
const people = await DuckDbTable.open(connection, PROFILE_TABLE);
for (let user = 0; user < population.profiles; user++) {
  people.add(profileRow(user, generateProfile(population.seed, user, population.endMs)));
}
people.close();
const tables = new Map<string, DuckDbTable>();
for (const name of EVENT_TABLES) tables.set(name, await DuckDbTable.open(connection, name));
forEachEvent(population, (user, event) => tables.get(eventTable(event))!.add(eventRow(user, event)));
for (const table of tables.values()) table.close();
await connection.run('CHECKPOINT');
connection.closeSync();
instance.closeSync();
answer({ isBuilt: true });
endProgram();
