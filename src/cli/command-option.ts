/** What several commands share in their options: how to reach the server, and texts read as numbers and lists. */
import { type Command, InvalidArgumentError } from 'commander';

/** What a command leaves behind besides its output. */
export interface CommandRun {
  exitCode: number;
  /** For the caret under a mistake. */
  queryText: string | undefined;
}

/** Options of every command that talks to a server. */
export function connected(command: Command): Command {
  return command
    .option('--url <url>', 'the server (KITH_URL, http://127.0.0.1:8080)')
    .option('--key <key>', 'its key (KITH_WRITE_KEY or KITH_ADMIN_KEY, or the data folder)')
    .option('--data <folder>', 'data folder to take the key from (KITH_DATA, ./data)');
}

export function wholeNumber(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

export function list(text: string): readonly string[] {
  return text.split(',').map((entry) => entry.trim());
}
