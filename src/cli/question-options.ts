/** The commands that ask, as command lines: `query`, `funnel`, `retention`, `rfm`, `overlap`, `why`, `segment`, `schema`. */
import { type Command, Option } from 'commander';
import {
  type AnalysisOptions,
  type FunnelOptions,
  type RetentionOptions,
  type RfmOptions,
  runFunnel,
  runOverlap,
  runRetention,
  runRfm,
} from './analysis-command.ts';
import { Client, type ConnectionOptions } from './client.ts';
import { type CommandRun, connected, list, wholeNumber } from './command-option.ts';
import { type QueryOptions, runQuery } from './query-command.ts';
import { runSchema, type SchemaOptions } from './schema-command.ts';
import type { Terminal } from './terminal.ts';
import { runWhy } from './why-command.ts';

export function addQuestions(program: Command, terminal: Terminal, run: CommandRun): void {
  addQuery(program, terminal, run);
  addFunnel(program, terminal, run);
  addRetention(program, terminal, run);
  addRfm(program, terminal, run);
  addOverlap(program, terminal, run);
  addWhy(program, terminal, run);
  addSchema(program, terminal);
}

const AT = 'as of this moment, ISO 8601';

function addQuery(program: Command, terminal: Terminal, run: CommandRun): void {
  connected(program.command('query'))
    .description('ask a question about everyone: a count, ids, profiles, an aggregate or groups')
    .argument('[text]', 'who is meant, in words or as JSON; none = everyone', '')
    .addOption(new Option('--as <kind>', 'what to answer').choices(['count', 'ids', 'profiles']).default('count'))
    .addOption(
      new Option('--of <collection>', 'people, or accounts as group calls make them').choices(['people', 'accounts']),
    )
    .option('--aggregate <text>', 'one value: sum of total over "Order Completed" in last 30d')
    .option('--by <list>', 'groups by traits, by comma; with --event also property:NAME, period:month', list)
    .option('--event <text>', 'with --by: count these events: Order Completed where total > 50')
    .option('--time-zone <zone>', 'of the periods of --by: Europe/Berlin')
    .option('--estimate', 'a count from a sample, with its interval')
    .option('--explain', 'how it was answered: a tree with rows and times')
    .option('--strict', 'fail on a name that nobody ever sent')
    .option('--limit <n>', 'at most so many ids, profiles or groups', wholeNumber)
    .option('--fields <list>', 'traits of profiles, by comma: country,ltv', list)
    .option('--events <n>', 'newest events of each profile (with --json)', wholeNumber)
    .option('--at <time>', AT)
    .option('--json', 'JSON, one object a line')
    .addHelpText('after', QUERY_HELP)
    .action(async (text: string, flags: QueryOptions & ConnectionOptions) => {
      run.queryText = text;
      await runQuery(text, flags, new Client(flags, 'read', terminal), terminal, run);
    });
}

const QUERY_HELP = `
Examples:
  kith query 'country in ("DE","AT") and ltv > 500'
  kith query 'did "Order Completed" at least 3 times in last 30d' --as ids --limit 100
  kith query 'sum of total over "Order Completed" in last 90d > 500' --as profiles --fields email,country,ltv
  kith query 'country = "DE"' --aggregate 'percentile 50,95 of total over "Order Completed"'
  kith query --by country,plan
  kith query --of accounts 'plan = "pro" and no person (did "Login" in last 30d)' --as profiles
  kith query 'any account (employees > 500)'
  kith query 'plan = "pro"' --by period:month,property:currency --event 'Order Completed' --aggregate 'sum of total over "Order Completed"'
  kith query '{"event":"Order Completed","count":{"op":"gte","value":3},"window":{"last":"30d"}}'
  kith query 'country = "DE" and did "Order Completed"' --explain
  kith query 'in segment newsletter and not in segment lapsed' --estimate`;

/** Options that every analysis takes. */
function analysis(command: Command): Command {
  return connected(command)
    .option('--where <text>', 'only of profiles that fit')
    .option('--last <duration>', 'only events of the last: 30d')
    .option('--at <time>', AT)
    .option('--explain', 'how it was answered')
    .option('--strict', 'fail on a name that nobody ever sent')
    .option('--json', 'the answer as JSON');
}

function asker(flags: ConnectionOptions & AnalysisOptions, terminal: Terminal, run: CommandRun) {
  run.queryText = flags.where;
  return { client: new Client(flags, 'read', terminal), terminal, run };
}

function addFunnel(program: Command, terminal: Terminal, run: CommandRun): void {
  analysis(program.command('funnel'))
    .description('how many came how far through steps in order')
    .argument('<step...>', 'an event, with conditions if need be: Order Completed where total > 50')
    .option('--within <duration>', 'from the first step to the last: 1d')
    .option('--by <dimension>', 'split by a trait, or by property:NAME of the first step')
    .option('--limit <n>', 'groups shown', wholeNumber)
    .addHelpText(
      'after',
      `
Examples:
  kith funnel 'Product Viewed' 'Product Added' 'Order Completed' --within 1d
  kith funnel 'Product Viewed' 'Order Completed where total > 50' --by country --last 90d
  kith funnel 'Product Added' 'Order Completed without "Coupon Entered"' --where 'plan = "pro"'`,
    )
    .action((steps: string[], flags: FunnelOptions & ConnectionOptions) =>
      runFunnel(steps, flags, asker(flags, terminal, run)),
    );
}

function addRetention(program: Command, terminal: Terminal, run: CommandRun): void {
  analysis(program.command('retention'))
    .description('who came back, by the period of the first time')
    .requiredOption('--cohort <event>', 'the first of these makes the cohort: Signed Up')
    .option('--return <event>', 'what counts as coming back; none = the same again')
    .addOption(new Option('--period <period>', 'length').choices(['day', 'week', 'month']).default('month'))
    .option('--periods <n>', 'periods shown after the first', wholeNumber)
    .option('--time-zone <zone>', 'in which periods begin: Europe/Berlin')
    .option('--counts', 'profiles instead of shares')
    .addHelpText(
      'after',
      `
Examples:
  kith retention --cohort 'Order Completed' --period month
  kith retention --cohort 'Signed Up' --return 'Order Completed where total > 20' --period week --periods 8`,
    )
    .action((flags: RetentionOptions & ConnectionOptions) => runRetention(flags, asker(flags, terminal, run)));
}

function addRfm(program: Command, terminal: Terminal, run: CommandRun): void {
  analysis(program.command('rfm'))
    .description('customers by recency, frequency and money')
    .option('--event <event>', 'what counts as an order', 'Order Completed')
    .option('--amount <property>', 'the property that is money', 'total')
    .option('--order <property>', 'names the order, where one is several events')
    .option('--scores <n>', 'scores from 1 to this', wholeNumber)
    .option('--cell <name>', 'list the customers of one cell: champions, at_risk …')
    .option('--members <n>', 'list so many customers with their scores', wholeNumber)
    .addHelpText(
      'after',
      `
Examples:
  kith rfm
  kith rfm --event 'Order Completed where currency = "EUR"' --amount revenue --last 365d
  kith rfm --cell at_risk --members 50`,
    )
    .action((flags: RfmOptions & ConnectionOptions) => runRfm(flags, asker(flags, terminal, run)));
}

function addOverlap(program: Command, terminal: Terminal, run: CommandRun): void {
  analysis(program.command('overlap'))
    .description('how far segments are the same people')
    .argument('<segment...>', 'the key of a saved segment, or name=condition')
    .addHelpText(
      'after',
      `
Examples:
  kith overlap newsletter buyers
  kith overlap newsletter 'german=country = "DE"' 'buyers=did "Order Completed" in last 90d'`,
    )
    .action((segments: string[], flags: AnalysisOptions & ConnectionOptions) =>
      runOverlap(segments, flags, asker(flags, terminal, run)),
    );
}

function addWhy(program: Command, terminal: Terminal, run: CommandRun): void {
  connected(program.command('why'))
    .description('why one profile fits a condition or does not, and until when')
    .argument('<id>', 'a user id, or type:value such as email:ada@example.com')
    .argument('<condition>', 'the condition; in segment KEY asks about a saved one')
    .option('--strict', 'fail on a name that nobody ever sent')
    .option('--json', 'the answer as JSON')
    .addHelpText(
      'after',
      `
Examples:
  kith why 17850 'country = "DE" and did "Order Completed" in last 30d'
  kith why email:ada@example.com 'in segment newsletter'`,
    )
    .action(async (id: string, where: string, flags: ConnectionOptions & { strict?: boolean; json?: boolean }) => {
      await runWhy(id, where, flags, new Client(flags, 'read', terminal), terminal, run);
    });
}

function addSchema(program: Command, terminal: Terminal): void {
  connected(program.command('schema'))
    .description('show every trait, event and property that was ever sent')
    .option('--event <name>', 'one event and its properties')
    .option('--trait <name>', 'one trait, and what is below it')
    .option('--no-examples', 'leave out values')
    .option('--json', 'the catalogue as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  kith schema\n  kith schema --event 'Order Completed'\n  kith schema --json | jq '.traits[].name'`,
    )
    .action(async (flags: SchemaOptions & ConnectionOptions) => {
      await runSchema(flags, new Client(flags, 'read', terminal), terminal);
    });
}
