/** Runs a command in this process and gives back what it printed. Waiting costs no time: it is only remembered. */
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type CliOptions, runCli } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What it would have waited, in ms. */
  readonly waitsMs: readonly number[];
}

export interface CommandWorld {
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly openEngine?: CliOptions['openEngine'] | undefined;
  /** Called with the function that plays SIGTERM. */
  readonly onStoppable?: ((stop: () => void) => void) | undefined;
  /** Wait as a person would; for a real server. */
  readonly isRealTime?: boolean | undefined;
  /** Standard output is a screen. */
  readonly isScreen?: boolean | undefined;
  readonly onStdout?: ((text: string) => void) | undefined;
}

export const DEFAULT_CONFIG_PATH = fileURLToPath(new URL('../../config/engine.default.json', import.meta.url));

export async function runCommand(args: readonly string[], world: CommandWorld = {}): Promise<CommandResult> {
  const output = { stdout: '', stderr: '' };
  const waitsMs: number[] = [];
  let nowMs = Date.parse('2026-01-01T10:00:00Z');
  const sink = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      decodeStrings: false,
      write(chunk: string | Buffer, _, done) {
        output[name] += chunk.toString();
        if (name === 'stdout') world.onStdout?.(chunk.toString());
        done();
      },
    });
  const terminal: Terminal = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    environment: { KITH_DATA: '/nonexistent/kith', ...world.environment },
    isWatched: false,
    isColoured: false,
    isScreen: world.isScreen === true,
    nowMs: () => nowMs++,
    sleep: async (durationMs) => {
      waitsMs.push(durationMs);
      nowMs += durationMs;
      if (world.isRealTime) await delay(durationMs);
    },
    onStop: (callback) => {
      world.onStoppable?.(() => callback('SIGTERM'));
      return () => {};
    },
  };
  const openEngine = world.openEngine ?? (() => Promise.reject(new Error('no engine in this test')));
  const exitCode = await runCli(args, {
    terminal,
    version: '0.0.0',
    defaultConfigPath: DEFAULT_CONFIG_PATH,
    openEngine,
  });
  return { exitCode, ...output, waitsMs };
}
