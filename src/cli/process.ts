/** The command line as a process: arguments, standard streams, exit code. Everything testable is in `program.ts`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCli } from './program.ts';
import type { OpenEngine } from './serve-command.ts';
import { processTerminal } from './terminal.ts';

/** A handle that someone forgot must not keep a finished command alive. */
const LINGER_MS = 10_000;
const HOLD_MS = 60_000;

/**
 * A process ends when nothing but timers of our clock is left, which hold nobody: in the midst of a command, when that waits for one of them, or for a
 * worker that holds nobody either. So a command holds the process until it is over.
 */
export async function heldAlive<T>(command: () => Promise<T>): Promise<T> {
  const hold = setInterval(() => undefined, HOLD_MS);
  try {
    return await command();
  } finally {
    clearInterval(hold);
  }
}

/** `root` is the package's folder. */
export async function runProcess(root: URL, openEngine: OpenEngine): Promise<void> {
  // `kith export | head` closes the pipe early: that is the end of the command, not a failure of it.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
  process.exitCode = await heldAlive(() =>
    runCli(process.argv.slice(2), {
      terminal: processTerminal(),
      version,
      defaultConfigPath: fileURLToPath(new URL('config/engine.default.json', root)),
      openEngine,
    }),
  );
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
