/**
 * The command line: which commands there are, their options and examples. Each command's work is in a file of its own;
 * here arguments become plain options, errors become messages, and both become an exit code.
 */
import { Command, CommanderError, Option } from 'commander';
import { kebabOf, SETTING_OPTIONS, type SettingOption, variableOf } from '../engine/settings.ts';
import { DEFAULT_DAYS, DEFAULT_SEED } from '../generator/population.ts';
import { EngineError } from '../model/error.ts';
import { runBench } from './bench-command.ts';
import { addChildren } from './child-command.ts';
import { Client, type ConnectionOptions } from './client.ts';
import { addCluster } from './cluster-options.ts';
import { type CommandRun, connected, list, wholeNumber } from './command-option.ts';
import { addEnrich } from './enrich-options.ts';
import { errorJson, formatError } from './error-report.ts';
import { runExport } from './export-command.ts';
import { runGenerate } from './generate-command.ts';
import { runGet } from './get-command.ts';
import { addIdentity } from './identity-options.ts';
import { addImportCommand } from './import-options.ts';
import { addMatch } from './match-options.ts';
import { addQuestions } from './question-options.ts';
import { addSegments } from './segment-options.ts';
import { type OpenEngine, runServe } from './serve-command.ts';
import { colorsOf, EXIT, type Terminal } from './terminal.ts';

export interface CliOptions {
  readonly terminal: Terminal;
  readonly version: string;
  readonly defaultConfigPath: string;
  readonly openEngine: OpenEngine;
}

/** Runs one command line (without the program's name) and gives the exit code. Never throws. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<number> {
  const { terminal } = options;
  const run: CommandRun = { exitCode: EXIT.ok, queryText: undefined };
  const program = createProgram(options, run);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return run.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    const isJson = args.includes('--json');
    terminal.stderr.write(isJson ? errorJson(error) : formatError(error, colorsOf(terminal), run.queryText));
    return EXIT.failed;
  }
}

function createProgram(options: CliOptions, run: CommandRun): Command {
  const { terminal } = options;
  const program = new Command('kith')
    .description('A customer data engine that lives in memory: events in, profiles and segments out.')
    .version(options.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', PROGRAM_HELP);
  addServe(program, options);
  addChildren(program, options.version);
  addCluster(program, terminal, run);
  addImportCommand(program, terminal, run);
  addQuestions(program, terminal, run);
  addSegments(program, terminal, run);
  addIdentity(program, terminal);
  addMatch(program, terminal, run);
  addEnrich(program, terminal, run);
  addGet(program, terminal);
  addExport(program, terminal);
  addGenerate(program, terminal);
  program
    .command('bench')
    .description('run a benchmark; only in a clone of the repository')
    .argument('[name...]', 'benchmark and its options; none lists them')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (names: string[]) => {
      run.exitCode = await runBench(names);
    });
  return program;
}

const PROGRAM_HELP = `
Examples:
  kith serve                                             start the engine on http://127.0.0.1:8080
  kith generate --profiles 10000 --events 200000 --send  fill it with made-up people
  kith query 'country = "DE" and did "Order Completed" at least 3 times in last 30d'
  kith schema                                            what was ever sent: traits, events, properties
  kith funnel 'Product Viewed' 'Product Added' 'Order Completed' --within 1d
  kith segment save german 'country = "DE"'              then: kith query 'in segment german'
  kith get user-0000042                                  one profile, with its newest events
  kith identity show user-0000042                        why its identifiers are one profile
  kith match run                                         who else is probably one person
  kith top                                               shards, rates, lags, memory, live
  kith import orders.csv --event "Order Completed" --user-id CustomerID --timestamp Date --auto

The commands find the server by --url or KITH_URL, and its key by --key, KITH_WRITE_KEY, KITH_ADMIN_KEY or the data
folder's keys.json. Exit codes: 0 done; 1 failed; 2 imported, but some rows were refused; 130 interrupted.`;

function addServe(program: Command, options: CliOptions): void {
  const command = program
    .command('serve')
    .description('start the engine')
    .option('--config <file>', 'JSON file of options, over the defaults')
    .addHelpText('after', SERVE_HELP);
  for (const option of SETTING_OPTIONS) {
    const initial = typeof option.default === 'boolean' ? (option.default ? 'on' : 'off') : option.default;
    const help = `${option.help} (${initial === '' ? '' : `${initial}; `}${variableOf(option)})`;
    command.addOption(new Option(flagOf(option), help).hideHelp(option.group === 'limits'));
  }
  command.action(async (flags: Record<string, unknown>) => {
    const byName: Record<string, unknown> = {};
    for (const option of SETTING_OPTIONS) {
      const flag = new Option(flagOf(option)).attributeName();
      if (flags[flag] !== undefined) byName[option.name] = flags[flag];
    }
    const { defaultConfigPath, version, openEngine, terminal } = options;
    const config = flags['config'] as string | undefined;
    await runServe({ defaultConfigPath, version, config, flags: byName }, openEngine, terminal);
  });
}

/** A switch alone means on. */
function flagOf(option: SettingOption): string {
  return option.kind === 'switch' ? `--${kebabOf(option)} [on|off]` : `--${kebabOf(option)} <value>`;
}

const SERVE_HELP = `
Also the limits of one event: ${SETTING_OPTIONS.filter((option) => option.group === 'limits')
  .map((option) => `--${kebabOf(option)}`)
  .join(', ')}.

Options come from config/engine.default.json, then --config, then the environment, then flags; later ones win.
Keys are made at the first start and kept in <data>/keys.json. SIGTERM drains, checkpoints and exits with 0.

Examples:
  kith serve --port 9000 --data /var/lib/kith --shards 4
  kith serve --cluster --shards 4 --routers 2 --data /var/lib/kith-cluster
  KITH_WRITE_KEY=… KITH_ADMIN_KEY=… kith serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem`;

function addGet(program: Command, terminal: Terminal): void {
  connected(program.command('get'))
    .description('show one profile')
    .argument('<id>', 'a user id, or type:value such as email:ada@example.com')
    .option('--events <n>', 'how many of the newest events', wholeNumber, 10)
    .option('--fields <list>', 'only these traits or fields, by comma', list)
    .option('--at <moment>', 'as of a past moment: an ISO date or milliseconds since 1970')
    .option('--verbose', 'with the source, message id and time of each trait')
    .option('--history <n>', 'how many of the newest changes of traits', wholeNumber, 0)
    .option('--json', 'the profile as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  kith get 17850 --events 20\n  kith get email:ada@example.com --fields country,plan\n  kith get 17850 --at 2024-01-31 --verbose\n  kith get 17850 --history 50',
    )
    .action(async (id: string, flags: Parameters<typeof runGet>[1] & ConnectionOptions) => {
      await runGet(id, flags, new Client(flags, 'read', terminal), terminal);
    });
}

function addExport(program: Command, terminal: Terminal): void {
  connected(program.command('export'))
    .description('write all profiles as NDJSON')
    .option('--events', 'with all their events')
    .option('--fields <list>', 'only these traits or fields, by comma', list)
    .option('-o, --output <file>', 'file instead of standard output; packed when it ends in .gz')
    .option('--json', 'report as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  kith export --events -o all.ndjson.gz    then: kith import all.ndjson.gz makes the same people elsewhere\n  kith export --fields country | jq .id',
    )
    .action(async (flags: Parameters<typeof runExport>[0] & ConnectionOptions) => {
      await runExport(flags, new Client(flags, 'read', terminal), terminal);
    });
}

function addGenerate(program: Command, terminal: Terminal): void {
  connected(program.command('generate'))
    .description('make up people and a year of their events')
    .option('--profiles <n>', 'how many people', wholeNumber, 1_000)
    .option('--events <n>', 'how many events, exactly', wholeNumber, 20_000)
    .option('--seed <n>', 'the same seed gives the same data', wholeNumber, DEFAULT_SEED)
    .option('--days <n>', 'how far back the events reach', wholeNumber, DEFAULT_DAYS)
    .option('--end <date>', 'no event is later: ISO date, or today (midnight UTC)', 'today')
    .option('--no-traits', 'events only')
    .option('-o, --output <file>', 'NDJSON file instead of standard output; packed when it ends in .gz')
    .option('--send', 'send to the server instead')
    .option('--json', 'report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  kith generate --profiles 10000 --events 200000 --send
  kith generate --profiles 1000000 --events 20000000 --end 2026-01-01 -o medium.ndjson.gz`,
    )
    .action(async (flags: GenerateFlags) => {
      if (flags.send && flags.output !== undefined) {
        throw new EngineError('invalid_request', 'give either --send or --output');
      }
      if (flags.profiles < 1) throw new EngineError('invalid_request', '--profiles must be 1 or more');
      const client = flags.send ? new Client(flags, 'write', terminal) : undefined;
      await runGenerate({ ...flags, hasTraits: flags.traits }, client, terminal);
    });
}
interface GenerateFlags extends ConnectionOptions {
  readonly profiles: number;
  readonly events: number;
  readonly seed: number;
  readonly days: number;
  readonly end: string;
  readonly traits: boolean;
  readonly output?: string | undefined;
  readonly send?: boolean | undefined;
  readonly json?: boolean | undefined;
}
