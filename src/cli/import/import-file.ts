/**
 * Imports one file: finds out what kind it is and where an earlier run stopped, and makes of its rows what the loop in
 * `import-run.ts` sends.
 */
import { EngineError } from '../../model/error.ts';
import type { Client } from '../client.ts';
import type { Terminal } from '../terminal.ts';
import { type CsvRow, openCsv } from './csv.ts';
import { isExportedProfile, itemsOfExport } from './export-line.ts';
import { identifyFile, isUtf8Name, openFileSource, STANDARD_INPUT, streamError } from './file-source.ts';
import { type ImportOptions, ImportRun, type ToItems } from './import-run.ts';
import { hashKey, type ImportState, readState, rowMessageId, statePath } from './import-state.ts';
import { isEmptyMapping, type Mapping } from './mapping.ts';
import { NDJSON_COLUMNS, type NdjsonRow, readNdjson } from './ndjson.ts';
import type { FileRow } from './row.ts';
import { RowMapper } from './row-mapper.ts';
import type { Columns } from './source.ts';
import type { TallyState } from './tally.ts';

export interface ImportReport extends TallyState {
  readonly file: string;
  readonly refused: number;
  /** Row up to which an earlier run had come; 0 = this run read everything. */
  readonly continuedAfter: number;
  readonly outcome: 'done' | 'done-before' | 'interrupted';
}

const SAMPLE_ROW_COUNT = 1_000;

export async function importFile(
  path: string,
  options: ImportOptions,
  client: Client,
  terminal: Terminal,
): Promise<ImportReport> {
  const isStream = path === STANDARD_INPUT;
  const format = options.format ?? formatOf(path);
  const identity = isStream
    ? { sizeBytes: 0, fingerprint: hashKey(terminal.nowMs(), process.pid) }
    : await identifyFile(path);
  // What is read otherwise is another file; --relaxed and --format only read on where an earlier run refused.
  const encoding = isUtf8Name(options.encoding) ? [] : [options.encoding.toLowerCase()];
  const messageKey = hashKey(identity.fingerprint, options.mapping, options.header, options.delimiter, ...encoding);
  const stateFile = isStream ? undefined : statePath(path, options.stateFolder);
  const manner = options.isRelaxed === true || options.format !== undefined ? [options.isRelaxed, options.format] : [];
  const key = hashKey(messageKey, client.url, ...manner);
  const before = await earlierState(stateFile, key, options, terminal);
  if (before?.isDone === true) return reportOf(path, before.row, 'done-before', before.tally);

  const source = await openFileSource(path, options.encoding);
  const run = new ImportRun(options, client, terminal, { stateFile, key, before, totalBytes: identity.sizeBytes });
  let failure: unknown;
  try {
    if (format === 'ndjson') {
      const rows = readNdjson(source.stream, source.textFault);
      const isPassed = isEmptyMapping(options.mapping);
      const onEventless = (): void => tellEventless(options, terminal);
      const toItems = isPassed
        ? passItem(messageKey, onEventless)
        : mapItems(options.mapping, NDJSON_COLUMNS, [], messageKey);
      await run.read(rows, toItems, source.readSizeBytes);
    } else {
      const delimiter = options.delimiter ?? (/\.tsv(\.gz)?$/i.test(path) ? '\t' : ',');
      const { header, isRelaxed } = options;
      const reading = { delimiter, header, isRelaxed, textFault: source.textFault };
      const { columns, rows } = await openCsv(source.stream, reading);
      if (options.mapping.auto === true && !options.isQuiet) tellNameless(columns, terminal);
      const sample = options.mapping.auto === true ? await takeSample(rows) : [];
      const values = sample.flatMap((row) => (row.values === undefined ? [] : [row.values]));
      const toItems = mapItems(options.mapping, columns, values, messageKey);
      await run.read(chain(sample, rows), toItems, source.readSizeBytes);
    }
  } catch (error) {
    failure = error;
  } finally {
    source.stream.destroy();
    await run.close();
  }
  if (failure !== undefined) {
    const isResumable = stateFile !== undefined && run.ackedRow > 0 && !options.isQuiet;
    if (isResumable) terminal.stderr.write(`stopped after row ${run.ackedRow}; the same command goes on there\n`);
    throw streamError(path, failure);
  }
  return reportOf(path, before?.row ?? 0, run.isStopped ? 'interrupted' : 'done', run.tally);
}

function tellEventless({ isQuiet }: ImportOptions, terminal: Terminal): void {
  if (isQuiet) return;
  terminal.stderr.write(
    'the export has no events: only identifiers and traits come along; kith export --events has them\n',
  );
}

/** A column without a name is in no one's mapping, and should not vanish unsaid. */
function tellNameless({ names }: Columns<CsvRow>, terminal: Terminal): void {
  const places = (names ?? []).flatMap((name, index) => (name === '' ? [index + 1] : []));
  if (places.length === 0) return;
  const which = places.length === 1 ? `column ${places[0]} has` : `columns ${places.join(', ')} have`;
  terminal.stderr.write(`${which} no name in the header and will be left out; --columns names them\n`);
}

function formatOf(path: string): 'csv' | 'ndjson' {
  if (/\.(csv|tsv|txt)(\.gz)?$/i.test(path)) return 'csv';
  if (path === STANDARD_INPUT || /\.(ndjson|jsonl|json)(\.gz)?$/i.test(path)) return 'ndjson';
  throw new EngineError(
    'invalid_request',
    `cannot tell the format of ${path} by its name; give --format csv or ndjson`,
  );
}

async function earlierState(
  stateFile: string | undefined,
  key: string,
  options: ImportOptions,
  terminal: Terminal,
): Promise<ImportState | undefined> {
  if (stateFile === undefined || options.isRestart) return undefined;
  const state = await readState(stateFile);
  if (state === undefined || state.key === key) return state;
  if (!options.isQuiet)
    terminal.stderr.write('the file, its mapping or the server changed: starting at the first row\n');
  return undefined;
}

function mapItems<Row>(
  mapping: Mapping,
  columns: Columns<Row>,
  sample: readonly Row[],
  messageKey: string,
): ToItems<Row> {
  const mapper = new RowMapper(mapping, columns, sample);
  return (values, row) => {
    const mapped = mapper.map(values, (kind) => rowMessageId(messageKey, row, kind));
    return mapped && { laneKey: mapped.laneKey, texts: mapped.items.map((item) => JSON.stringify(item)) };
  };
}

/** Lines that are items already: sent as they are, with a message id where there is none. Those of an export become items. */
function passItem(messageKey: string, onEventless: () => void): ToItems<NdjsonRow> {
  let wasTold = false;
  return (item, row) => {
    if (isExportedProfile(item)) {
      if (item['events'] === undefined && !wasTold) {
        wasTold = true;
        onEventless();
      }
      const rowId = rowMessageId(messageKey, row, 'identify');
      const items = itemsOfExport(item, (index) => `${rowId}:${index}`);
      return { laneKey: String(item['id']), texts: items.map((one) => JSON.stringify(one)) };
    }
    const id = item['userId'] ?? item['anonymousId'] ?? '';
    const messageId = item['messageId'] ?? rowMessageId(messageKey, row, 'track');
    return { laneKey: String(id), texts: [JSON.stringify({ ...item, messageId })] };
  };
}

async function takeSample<Row>(rows: AsyncGenerator<FileRow<Row>>): Promise<FileRow<Row>[]> {
  const sample: FileRow<Row>[] = [];
  while (sample.length < SAMPLE_ROW_COUNT) {
    const next = await rows.next();
    if (next.done === true) break;
    sample.push(next.value);
  }
  return sample;
}

async function* chain<Row>(first: readonly Row[], rest: AsyncGenerator<Row>): AsyncGenerator<Row> {
  yield* first;
  yield* rest;
}

function reportOf(
  file: string,
  continuedAfter: number,
  outcome: ImportReport['outcome'],
  tally: TallyState,
): ImportReport {
  const refused = Object.values(tally.refusedByCode).reduce((sum, count) => sum + count, 0);
  return { file, continuedAfter, outcome, refused, ...tally };
}
