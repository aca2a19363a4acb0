/**
 * Which processors a process may use. With the server on one and the client on another, neither takes time from the
 * other and the ratio is one of programs, not of schedulers. Ours and every peer are held the same way.
 */
import { availableParallelism } from 'node:os';
import { findProgram } from './program.ts';

export interface Pins {
  /** As `taskset -c` takes them; undefined = anywhere. */
  readonly server: string | undefined;
  readonly client: string | undefined;
  readonly text: string;
}

export const NOT_PINNED: Pins = { server: undefined, client: undefined, text: 'not pinned: switched off' };

export function pinsOf(options: {
  readonly isOff: boolean;
  readonly server: string | undefined;
  readonly client: string | undefined;
}): Pins {
  const free = (text: string): Pins => ({ server: undefined, client: undefined, text });
  if (options.isOff) return NOT_PINNED;
  if (findProgram('taskset') === undefined) return free('not pinned: taskset is not installed');
  if (availableParallelism() < 2) return free('not pinned: one processor only');
  const server = options.server ?? '0';
  const client = options.client ?? '1';
  return { server, client, text: `server on cpu ${server}, client on cpu ${client}` };
}

/** The command line that runs `command` there. `taskset` becomes the program, so the process id is the program's. */
export function pinned(
  cpus: string | undefined,
  command: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  return cpus === undefined ? [command, args] : ['taskset', ['-c', cpus, command, ...args]];
}
