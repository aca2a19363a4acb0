/**
 * Makes the cluster's processes: the same program with a hidden command, its logs on this process' standard error, a token
 * of its own in its environment, everything else by the control link.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Peer } from '../link/peer.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Child, ChildEnd, Role, Spawn } from './child.ts';
import { type ChildConfig, TOKEN_VARIABLE } from './control-protocol.ts';
import type { ControlServer } from './control-server.ts';

export interface ProcessSpawnerOptions {
  readonly control: ControlServer;
  /** The built program. */
  readonly entryPath: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  configOf(role: Role, index: number): ChildConfig;
}

/** Variables that a process does not need and should not show: it is configured by the link. One is for tests of what a process dies of. */
const OWN_VARIABLES = /^KITH_(?!TEST_DIE_ON$)/;
/** After a process ended, how long its last words may take to arrive. */
const LAST_WORDS_MS = 1_000;

export function processSpawner(options: ProcessSpawnerOptions): Spawn {
  const { control, entryPath, clock, configOf } = options;
  const inherited = Object.fromEntries(
    Object.entries(options.environment).filter(([name]) => !OWN_VARIABLES.test(name)),
  );
  // Two processes cannot have one port of an inspector.
  const argumentsOfNode = process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
  return (role, index, events) => {
    const token = randomBytes(32).toString('base64url');
    let peer: Peer | undefined;
    control.expect(token, {
      role,
      index,
      config: () => configOf(role, index),
      events,
      onPeer: (given) => {
        peer = given;
      },
    });
    const child = spawn(
      process.execPath,
      [...argumentsOfNode, entryPath, `cluster-${role}`, String(index), control.address],
      {
        env: { ...inherited, [TOKEN_VARIABLE]: token },
        // Standard output is for the ready line alone.
        stdio: ['ignore', 2, 2],
      },
    );
    let hasEnded = false;
    const finish = (end: ChildEnd): void => {
      if (hasEnded) return;
      hasEnded = true;
      control.forget(token);
      events.onEnded(end);
    };
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      events.onFailed({ code: 'internal', message: error.message });
      finish({ code: null, signal: null });
    });
    child.once('exit', (code, signal) => {
      const end = { code, signal };
      if (peer === undefined) finish(end);
      else {
        // Why it failed may stand in the socket still.
        const cancel = clock.after(LAST_WORDS_MS, () => finish(end));
        void peer.closed.then(() => {
          cancel();
          finish(end);
        });
      }
    });
    const tell = (method: string, args: unknown): void => {
      try {
        peer?.notify(method, args);
      } catch {
        // The link is closed: its end is on the way. Or it does not read: then it hangs, and that is watched.
      }
    };
    return {
      pid: child.pid ?? 0,
      useMap: (map) => tell('map', map),
      useQuarantine: (news) => tell('quarantine', news),
      stop() {
        // Before it has greeted it has opened nothing.
        if (peer === undefined) child.kill('SIGKILL');
        else tell('stop', undefined);
      },
      kill: () => child.kill('SIGKILL'),
    } satisfies Child;
  };
}
