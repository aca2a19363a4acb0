/** The command line as a process: arguments, standard streams, exit code. Everything testable is in `program.ts`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCli } from './program.ts';
import type { OpenEngine } from './serve-command.ts';
import { processTerminal } from './terminal.ts';

/** A handle that someone forgot must not keep a finished command alive. */
const LINGER_MS = 10_000;

/** `root` is the package's folder. */
export async function runProcess(root: URL, openEngine: OpenEngine): Promise<void> {
  // `kith export | head` closes the pipe early: that is the end of the command, not a failure of it.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
  process.exitCode = await runCli(process.argv.slice(2), {
    terminal: processTerminal(),
    version,
    defaultConfigPath: fileURLToPath(new URL('config/engine.default.json', root)),
    openEngine,
  });
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
