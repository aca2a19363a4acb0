/** Where ClickHouse in process comes from: 570 MB that only this bench wants, so it is installed beside the project, by hand. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MissingPeer } from '../result.ts';

const VERSION = '3.4.0';
/** `KITH_BENCH_PEERS` names another folder. */
const folder = process.env['KITH_BENCH_PEERS'] ?? join(tmpdir(), 'kith-bench-peers');

export interface ChdbSession {
  query(sql: string, format: string): string;
}

export function missingChdb(): MissingPeer | undefined {
  if (existsSync(join(folder, 'node_modules', 'chdb'))) return undefined;
  return {
    name: 'clickhouse',
    missing: `chdb is not there; install it: npm install --prefix ${folder} chdb@${VERSION}`,
  };
}

export async function importChdb(): Promise<{ readonly Session: new (path: string) => ChdbSession }> {
  const path = createRequire(pathToFileURL(join(folder, 'package.json'))).resolve('chdb');
  return (await import(pathToFileURL(path).href)) as { readonly Session: new (path: string) => ChdbSession };
}
