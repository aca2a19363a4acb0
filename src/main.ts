#!/usr/bin/env node
/** Process entry. The package's folder is one up, from `src/` and from `dist/` alike. */
import { runProcess } from './cli/process.ts';

await runProcess(new URL('..', import.meta.url), async (options) => (await import('./engine/open.ts')).open(options));
