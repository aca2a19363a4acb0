/** Programs of other people on this machine, and how to get those that are missing. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { MissingPeer } from '../result.ts';

const HOW_TO_INSTALL: Readonly<Record<string, string>> = {
  'redis-server': 'install it: apt-get install redis-server',
  'redis-benchmark': 'install it: apt-get install redis-tools',
  wrk: 'install it: apt-get install wrk',
};

export function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Undefined when all programs are there. */
export function missingPeer(peerName: string, programs: readonly string[]): MissingPeer | undefined {
  const absent = programs.filter((program) => findProgram(program) === undefined);
  if (absent.length === 0) return undefined;
  const hints = absent.map((program) => `${program} is not on the PATH; ${HOW_TO_INSTALL[program] ?? 'install it'}`);
  return { name: peerName, missing: hints.join('. ') };
}
