/** Builds and starts the scripts that storage tests run in a process of their own, to kill it or to cap its files. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const cacheFolder = fileURLToPath(new URL('../../../node_modules/.cache/kith-storage/', import.meta.url));

export type Child = ChildProcessByStdio<null, Readable, null>;

/** Bundles `<name>.ts` beside this file; gives the path of the script. */
export async function bundleChild(name: string): Promise<string> {
  const outfile = join(cacheFolder, `${name}-${process.env.VITEST_POOL_ID ?? 0}.mjs`);
  await build({
    entryPoints: [join(here, `${name}.ts`)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  });
  return outfile;
}

export function startChild(script: string, args: readonly string[]): Child {
  return spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
}

/** As `startChild`, in a process that cannot make a file larger than `fileSizeBytesMax`, as on a full disk. */
export function startCappedChild(script: string, args: readonly string[], fileSizeBytesMax: number): Child {
  const blockCount = String(fileSizeBytesMax / 512);
  const command = 'ulimit -f "$0" && exec "$@"';
  return spawn('sh', ['-c', command, blockCount, process.execPath, script, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Calls `onLine` for each whole line; resolves when the child is gone and all its output was seen. */
export async function readLines(child: Child, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  await closed;
}
