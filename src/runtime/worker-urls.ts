/**
 * Where the built files of workers and processes are. They start from JavaScript in `dist/` whatever started the process: the bundles there,
 * or TypeScript sources under a test runner. The one module that knows.
 */
import { existsSync } from 'node:fs';

/** Errors: Error when the worker has not been built. */
export function scanWorkerUrl(): URL {
  return builtUrl('query/execution/scan-worker.js');
}

/** Errors: Error when the worker has not been built. */
export function linkageWorkerUrl(): URL {
  return builtUrl('linkage/linkage-worker.js');
}

/** The program that processes of a cluster run. Errors: Error when it has not been built. */
export function programUrl(): URL {
  return builtUrl('main.js');
}

function builtUrl(path: string): URL {
  // From a bundle in dist/ or a folder of it, or from src/runtime/.
  for (const base of ['./', '../', '../../', '../../dist/', '../../../dist/']) {
    const url = new URL(base + path, import.meta.url);
    if (existsSync(url)) return url;
  }
  throw new Error(`${path} is not built: run "npm run build"`);
}
