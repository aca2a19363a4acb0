/** The population as a DuckDB file, made once for each size and schema, and kept in the temporary folder. */
import { existsSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksumOf } from '../data/checksum.ts';
import type { BenchContext } from '../harness.ts';
import { runProgram } from '../process/child.ts';
import { makeFolder } from '../process/workspace.ts';
import type { DuckDbBuildConfig } from './duckdb-build.ts';
import { schemaSql } from './duckdb-schema.ts';

export async function duckDbFile(context: BenchContext): Promise<string> {
  const { name, population } = context.size;
  const madeWith = checksumOf(JSON.stringify([schemaSql(), population]));
  const path = join(tmpdir(), `kith-bench-${name}-${madeWith}.duckdb`);
  if (existsSync(path)) return path;
  context.progress(`writing ${population.events} events into a DuckDB file, once`);
  const config: DuckDbBuildConfig = { path: join(makeFolder('duckdb'), 'rows.duckdb'), population };
  await runProgram('peer/duckdb-build.js', config);
  renameSync(config.path, path);
  return path;
}
