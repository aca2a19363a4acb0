/** `kith import` as a command line: flags and mapping file → one mapping and the options of the run. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { EngineError } from '../model/error.ts';
import { Client, type ConnectionOptions } from './client.ts';
import { type CommandRun, connected, wholeNumber } from './command-option.ts';
import { type Mapping, mergeMappings, parseAssignment, parseMapping } from './import/mapping.ts';
import { runImport } from './import-command.ts';
import type { Terminal } from './terminal.ts';

interface ImportFlags extends ConnectionOptions {
  readonly map?: string | undefined;
  readonly event?: string | undefined;
  readonly eventColumn?: string | undefined;
  readonly userId?: string | undefined;
  readonly anonymousId?: string | undefined;
  readonly linkAnonymous?: boolean | undefined;
  readonly messageId?: string | undefined;
  readonly timestamp?: string | undefined;
  readonly timestampFormat?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly property?: readonly string[] | undefined;
  readonly trait?: readonly string[] | undefined;
  readonly skipIfEmpty?: readonly string[] | undefined;
  readonly auto?: boolean | undefined;
  readonly format?: 'csv' | 'ndjson' | undefined;
  readonly delimiter?: string | undefined;
  readonly columns?: string | undefined;
  readonly encoding?: string | undefined;
  readonly relaxed?: boolean | undefined;
  readonly batch: number;
  readonly inFlight: number;
  readonly gzip: boolean;
  readonly restart?: boolean | undefined;
  readonly stateDir?: string | undefined;
  readonly rejects?: string | undefined;
  readonly json?: boolean | undefined;
}

const gather = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

export function addImportCommand(program: Command, terminal: Terminal, run: CommandRun): void {
  connected(program.command('import'))
    .description('import CSV or NDJSON files, also .gz; goes on after an interruption')
    .argument('<file...>', 'files; - is NDJSON on standard input')
    .optionsGroup('What the columns mean:')
    .option('--map <file>', 'mapping as JSON (see below); flags win over it')
    .option('--event <name>', 'every row is this event')
    .option('--event-column <column>', 'the column with the name of the event')
    .option('--user-id <column>', 'user id; CustomerID:integer makes 17850.0 to 17850')
    .option('--anonymous-id <column>', 'used where the user id is blank')
    .option('--link-anonymous', 'send the anonymous id beside the user id too: one person')
    .option('--message-id <column>', 'unique id of the row; without it file, mapping and row number make one')
    .option('--timestamp <column>', 'time of the row; without it the time of arrival')
    .option('--timestamp-format <format>', 'iso (default), unix, unix-ms, or a pattern: "DD/MM/YYYY HH:mm"')
    .option('--time-zone <zone>', 'of times without one: Europe/London (default UTC)')
    .option('--property <name=source>', 'property of the event; again for more', gather)
    .option('--trait <name=source>', 'trait of the person; again for more', gather)
    .option('--skip-if-empty <column>', 'pass over rows where it is blank; again for more', gather)
    .option('--auto', 'all other columns become properties (traits without an event), types detected')
    .optionsGroup('How the file is written:')
    .addOption(new Option('--format <format>', 'when the name does not tell').choices(['csv', 'ndjson']))
    .option('--delimiter <character>', 'between cells (comma; tab for .tsv)')
    .option('--columns <list>', 'names by comma, for a file without a header line')
    .option('--encoding <name>', 'utf-8 (default), windows-1252, utf-16le …')
    .option('--relaxed', 'take a stray quote as it stands')
    .optionsGroup('How it is sent:')
    .option('--batch <n>', 'items in a request', wholeNumber, 1_000)
    .option('--in-flight <n>', 'requests at the same time', wholeNumber, 4)
    .option('--no-gzip', 'send requests unpacked')
    .option('--restart', 'from the first row, whatever was done before')
    .option('--state-dir <folder>', 'where to remember how far it came (beside the file)')
    .option('--rejects <file>', 'all refused rows as NDJSON')
    .option('--json', 'report as JSON')
    .addHelpText('after', HELP)
    .action(async (files: string[], flags: ImportFlags) => {
      const client = new Client(flags, 'write', terminal);
      if (flags.batch < 1 || flags.inFlight < 1) {
        throw new EngineError('invalid_request', '--batch and --in-flight must be 1 or more');
      }
      const options = {
        format: flags.format,
        mapping: mappingOf(flags),
        delimiter: flags.delimiter === '\\t' ? '\t' : flags.delimiter,
        header: flags.columns?.split(',').map((name) => name.trim()),
        encoding: flags.encoding,
        isRelaxed: flags.relaxed,
        batchCount: flags.batch,
        laneCount: flags.inFlight,
        isGzip: flags.gzip,
        isRestart: flags.restart === true,
        isQuiet: flags.json === true,
        stateFolder: flags.stateDir,
        rejectsPath: flags.rejects,
        json: flags.json,
      };
      run.exitCode = await runImport(files, options, client, terminal);
    });
}

function mappingOf(flags: ImportFlags): Mapping {
  const { event, eventColumn, userId, anonymousId, linkAnonymous, messageId, timestamp, timestampFormat, timeZone } =
    flags;
  return mergeMappings(flags.map === undefined ? {} : readMapping(flags.map), {
    event,
    eventColumn,
    userId,
    anonymousId,
    linkAnonymous,
    messageId,
    timestamp,
    timestampFormat,
    timeZone,
    properties: Object.fromEntries((flags.property ?? []).map(parseAssignment)),
    traits: Object.fromEntries((flags.trait ?? []).map(parseAssignment)),
    skipIfEmpty: flags.skipIfEmpty,
    auto: flags.auto,
  });
}

function readMapping(path: string): Mapping {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new EngineError('invalid_mapping', `${path}: ${(error as Error).message}`, { cause: error });
  }
  return parseMapping(content, path);
}

const HELP = `
A source is a column, with a type if need be (Price:number; text, number, integer, boolean, date, json), or arithmetic:
revenue=Quantity*UnitPrice, net=([Gross Price]-Tax)/100. A dot in a name nests: address.city=City. A blank cell is left out.
A row becomes a track item, and an identify item when traits are mapped and changed; without an event each row is an
identify item. A row's number is the line on which it begins, the header being 1. Bytes that are not in the encoding refuse
their row. Lines of NDJSON in Segment's shape need no mapping, nor do those that kith export --events wrote.

Examples:
  kith import orders.csv.gz --event "Order Completed" --user-id CustomerID:integer --anonymous-id InvoiceNo \\
    --timestamp InvoiceDate --time-zone Europe/London --property quantity=Quantity:number \\
    --property revenue=Quantity*UnitPrice --trait country=Country --rejects refused.ndjson
  kith import people.csv --user-id id --auto
  kith import events.ndjson

The same as a mapping file:
  {"event":"Order Completed","userId":"CustomerID:integer","anonymousId":"InvoiceNo","timestamp":"InvoiceDate",
   "timeZone":"Europe/London","properties":{"quantity":"Quantity:number","revenue":"Quantity*UnitPrice"},
   "traits":{"country":"Country"},"skipIfEmpty":[],"auto":false}`;
