/** Where the repository and its built files are, from wherever the bundler put this code. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}

/** A built file, e.g. `main.js` or `bench/client/socket-client.js`. */
export function builtFile(path: string): string {
  return join(root, 'dist', path);
}

/** The library as its users get it. Loaded at run time: its workers are found beside the built file. */
export async function importEngine(): Promise<typeof import('../../src/engine/open.ts')> {
  return (await import(pathToFileURL(builtFile('engine/open.js')).href)) as typeof import('../../src/engine/open.ts');
}
