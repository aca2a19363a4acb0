// Builds dist/: bundles for the process, the library and the worker, and with --types the .d.ts files.
// Packages stay external: native addons and worker files must resolve from node_modules.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = new Set(process.argv.slice(2));
const isBench = flags.has('--bench');

const shared = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: true,
  logLevel: 'warning',
};
await build({
  ...shared,
  entryPoints: ['src/main.ts', 'src/engine/open.ts', 'src/client/connect.ts', 'src/query/execution/scan-worker.ts', 'src/linkage/linkage-worker.ts'].filter((path) =>
    existsSync(`${root}/${path}`),
  ),
  outbase: 'src',
  outdir: 'dist',
});
if (isBench && existsSync(`${root}/bench/run.ts`)) {
  await build({
    ...shared,
    // The entry, and the programs that it starts: each is a process of its own.
    entryPoints: [
      'bench/run.ts',
      'bench/client/autocannon-client.ts',
      'bench/client/feed-server.ts',
      'bench/client/kith-client-load.ts',
      'bench/client/link-load.ts',
      'bench/client/mixed-client.ts',
      'bench/client/query-load.ts',
      'bench/client/socket-client.ts',
      'bench/engine/identity-ingest.ts',
      'bench/engine/load-folder.ts',
      'bench/engine/memory.ts',
      'bench/engine/open-folder.ts',
      'bench/engine/read-folder.ts',
      'bench/peer/bare-http.ts',
      'bench/peer/bare-socket.ts',
      'bench/peer/duckdb-build.ts',
      'bench/peer/duckdb-memory.ts',
      'bench/segments/kith-contender.ts',
      'bench/segments/duckdb-contender.ts',
      'bench/segments/clickhouse-contender.ts',
    ].filter((path) => existsSync(`${root}/${path}`)),
    outbase: 'bench',
    outdir: 'dist/bench',
  });
}
if (!flags.has('--quiet') && existsSync(`${root}/src/engine/open.ts`)) {
  rmSync(`${root}/dist/types`, { recursive: true, force: true });
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'config/tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
}
