/**
 * The world as a command sees it: where it writes, what the environment says, the clock and waiting. Commands take it
 * as a parameter, so that a test runs them in its own process and no test waits for a timer.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createColors } from 'picocolors';

export interface Terminal {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Is a person watching standard error (progress bars) and standard output (colours)? */
  readonly isWatched: boolean;
  readonly isColoured: boolean;
  /** Is standard output a screen that may be drawn on again? */
  readonly isScreen: boolean;
  /** Milliseconds since 1970. */
  nowMs(): number;
  sleep(durationMs: number): Promise<void>;
  /**
   * Calls back at the first SIGINT or SIGTERM until the returned function is called. Each further one calls `onAgain`; without
   * it a second one ends the process at once.
   */
  onStop(callback: (signal: string) => void, onAgain?: (signal: string) => void): () => void;
}

export type Colors = ReturnType<typeof createColors>;

export function colorsOf(terminal: Terminal): Colors {
  return createColors(terminal.isColoured);
}

export function processTerminal(): Terminal {
  const environment = process.env;
  const isPlain = environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '';
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    environment,
    isWatched: process.stderr.isTTY === true,
    isColoured: process.stdout.isTTY === true && !isPlain,
    isScreen: process.stdout.isTTY === true,
    nowMs: () => Date.now(),
    sleep: (durationMs) => delay(durationMs),
    onStop: (callback, onAgain) => {
      const signals = ['SIGINT', 'SIGTERM'] as const;
      let isAsked = false;
      const listener = (signal: string): void => {
        if (isAsked) {
          if (onAgain === undefined) process.exit(EXIT.interrupted);
          onAgain(signal);
          return;
        }
        isAsked = true;
        callback(signal);
      };
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
  };
}

/** Writes and waits while the reader is slow, so that an export of any size needs no memory. */
export async function write(stream: Writable, text: string | Uint8Array): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}

/** Exit codes of every command; documented in `--help`. */
export const EXIT = { ok: 0, failed: 1, someRefused: 2, interrupted: 130 } as const;
