/** `kith match` as command lines. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { SUGGESTION_STATES, type SuggestionState } from '../model/matching.ts';
import { Client, type ConnectionOptions } from './client.ts';
import { type CommandRun, connected, list, wholeNumber } from './command-option.ts';
import {
  type MatchRunOptions,
  runMatchCancel,
  runMatchDecide,
  runMatchList,
  runMatchRun,
  runMatchStatus,
} from './match-command.ts';
import type { Terminal } from './terminal.ts';

type Flags<Own = object> = Own & ConnectionOptions & { readonly json?: boolean | undefined };

export function addMatch(program: Command, terminal: Terminal, run: CommandRun): void {
  const clientOf = (flags: ConnectionOptions): Client => new Client(flags, 'read', terminal);
  const match = program
    .command('match')
    .description('profiles that are probably one person: find them, see why, decide')
    .addHelpText('after', HELP);
  connected(match.command('run'))
    .description('compare all profiles and suggest pairs; in place of those still open')
    .option('--fields <list>', 'traits to compare by, by comma; without it those that look like personal data', list)
    .option('--suggest-from <p>', 'probability from which on a pair is suggested (rules: linkage.review)', probability)
    .option('--seed <n>', 'same data and same seed, same suggestions', wholeNumber)
    .option('--json', 'the outcome as JSON')
    .addHelpText('after', RUN_HELP)
    .action(async (flags: Flags<MatchRunOptions>) => {
      run.exitCode = await runMatchRun(flags, clientOf(flags), terminal);
    });
  connected(match.command('status'))
    .description('how far the run is, or what the last one found')
    .option('--json', 'as JSON')
    .action((flags: Flags) => runMatchStatus(flags, clientOf(flags), terminal));
  connected(match.command('list'))
    .description('suggested pairs, the likeliest first, each with what speaks for and against it')
    .addOption(new Option('--state <state>', 'which of them').choices(SUGGESTION_STATES).default('open'))
    .option('--limit <n>', 'how many', wholeNumber, 10)
    .option('--cursor <cursor>', 'where the page before ended')
    .option('--json', 'as JSON')
    .addHelpText('after', LIST_HELP)
    .action((flags: Flags<{ state: SuggestionState; limit: number; cursor?: string }>) =>
      runMatchList(flags, clientOf(flags), terminal),
    );
  for (const [decision, description] of DECISIONS) {
    connected(match.command(decision))
      .description(description)
      .argument('<id...>', 'of suggestions: kith match list')
      .option('--json', 'the suggestions as JSON')
      .addHelpText('after', `\nExample:\n  kith match ${decision} s_0c5f9a1b22d3e4f5 s_77d01e9ab3c4d5e6`)
      .action(async (ids: readonly string[], flags: Flags) => {
        run.exitCode = await runMatchDecide(ids, decision, flags, clientOf(flags), terminal);
      });
  }
  connected(match.command('cancel'))
    .description('end the run under way; suggestions of earlier runs stay')
    .option('--json', 'its state as JSON')
    .action((flags: Flags) => runMatchCancel(flags, clientOf(flags), terminal));
}

const DECISIONS = [
  ['accept', 'make one profile of each pair; kith identity unmerge takes it back'],
  ['reject', 'two people: the pair is not suggested again'],
] as const;

function probability(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value < 1) return value;
  throw new InvalidArgumentError('It must be a number between 0 and 1, such as 0.8.');
}

const HELP = `
Identifiers bring calls together by themselves (kith identity). This finds people who came under different ones: the same
name with a slip, the same birthday, another address. Nothing is merged unless you accept it, or the rules say that
pairs above a probability are merged at once: {"linkage":{"isAutomatic":true,"merge":0.999,"review":0.8}}.

Examples:
  kith match run                       compares names, birthdays, addresses, … as far as there are such traits
  kith match status                    from another terminal, or later
  kith match list                      pairs and why
  kith match accept s_0c5f9a1b22d3e4f5
  kith match reject s_77d01e9ab3c4d5e6`;

const RUN_HELP = `
It learns from the data how often values agree by chance and how often people mistype, without examples. Runs on the
server's workers; events and lookups go on. Ctrl-C only stops watching, kith match cancel ends the run.

Examples:
  kith match run --fields first_name,last_name,birthday,address.city,phone
  kith match run --suggest-from 0.5    more pairs, and more of them wrong`;

const LIST_HELP = `
A weight is log2 of how much likelier the two values are of one person than of two: +3 is 8 times likelier, -3 is 8 times
less. It starts below zero, since two people drawn at random are hardly ever the same; the sum gives the probability.

Examples:
  kith match list --limit 50
  kith match list --state rejected --json`;
