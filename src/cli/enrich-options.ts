/** `kith enrich` as a command line. */
import { type Command, Option } from 'commander';
import { ENRICHMENT_PRIORITIES, type EnrichmentPriority } from '../model/enrichment.ts';
import { EngineError } from '../model/error.ts';
import { Client, type ConnectionOptions } from './client.ts';
import { type CommandRun, connected } from './command-option.ts';
import { runEnrich } from './enrich-command.ts';
import { type Mapping, parseAssignment } from './import/mapping.ts';
import type { Terminal } from './terminal.ts';

interface Flags extends ConnectionOptions {
  readonly source: string;
  readonly identifier: string;
  readonly priority: EnrichmentPriority;
  readonly trait?: readonly string[] | undefined;
  readonly at?: string | undefined;
  readonly atFormat?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly format?: 'csv' | 'ndjson' | undefined;
  readonly delimiter?: string | undefined;
  readonly encoding?: string | undefined;
  readonly json?: boolean | undefined;
}

const gather = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

export function addEnrich(program: Command, terminal: Terminal, run: CommandRun): void {
  connected(program.command('enrich'))
    .description('join a bought or lent list to the people that there are, without making any')
    .argument('<file>', 'CSV or NDJSON, also .gz; - is NDJSON on standard input')
    .requiredOption('--source <name>', 'whose list it is; rules and the history of traits name it')
    .requiredOption('--identifier <type[=column]>', 'who a row is about: email, or phone=Telephone')
    .addOption(
      new Option('--priority <how>', 'fill gaps only, or have a say like any call')
        .choices(ENRICHMENT_PRIORITIES)
        .default('fill'),
    )
    .option(
      '--trait <name=source>',
      'trait from a column; again for more. Without it every other column, types detected',
      gather,
    )
    .option('--at <column>', 'when the source knew it; without it the time of arrival')
    .option('--at-format <format>', 'iso (default), unix, unix-ms, or a pattern: "DD/MM/YYYY"')
    .option('--time-zone <zone>', 'of times without one: Europe/London (default UTC)')
    .addOption(new Option('--format <format>', 'when the name does not tell').choices(['csv', 'ndjson']))
    .option('--delimiter <character>', 'between cells (comma; tab for .tsv)')
    .option('--encoding <name>', 'utf-8 (default), windows-1252, utf-16le …')
    .option('--json', 'report as JSON')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: Flags) => {
      const { source, priority, format, delimiter, encoding, json } = flags;
      const [identifierType, mapping] = mappingOf(flags);
      const options = {
        source,
        priority,
        identifierType,
        mapping,
        format,
        delimiter: delimiter === '\\t' ? '\t' : delimiter,
        encoding,
        json,
      };
      // The answer tells whom the engine has: the admin key's.
      run.exitCode = await runEnrich(file, options, new Client(flags, 'read', terminal), terminal);
    });
}

function mappingOf(flags: Flags): readonly [identifierType: string, mapping: Mapping] {
  const [type, column] = parseAssignment(flags.identifier);
  if (!/^[a-z][a-z0-9_.]*$/.test(type)) {
    throw new EngineError(
      'invalid_mapping',
      `${JSON.stringify(type)} is no type of identifier, such as email or user_id`,
    );
  }
  const { trait = [], at, atFormat, timeZone } = flags;
  const mapping = {
    userId: column,
    timestamp: at,
    timestampFormat: atFormat,
    timeZone,
    traits: Object.fromEntries(trait.map(parseAssignment)),
    auto: trait.length === 0,
  };
  return [type, mapping];
}

const HELP = `
A value that only fills shows where the person's own calls never set or removed the trait, and gives way as soon as one does;
of several lists the newest counts. With --priority overwrite it has a say by its time, and survivorship rules may name the
source (kith identity rules). Nobody is made, no identifier is attached, last_seen stays. The same list again changes nothing.

Examples:
  kith enrich acxiom.csv --source acxiom --identifier email
  kith enrich crm.csv.gz --source crm --identifier user_id=CustomerID:integer --priority overwrite \\
    --trait segment=Segment --trait address.city=City --trait income=Income:number --at Updated`;
