/**
 * Imports one file: rows → items → batches, as a stream. Refuses row by row, keeps its place in a state file, and stops
 * in good order when asked to.
 */

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { EngineError } from '../../model/error.ts';
import type { Client } from '../client.ts';
import { Progress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';
import { BatchSender } from './batch-sender.ts';
import { openCsv } from './csv.ts';
import { identifyFile, openFileSource, STANDARD_INPUT, streamError } from './file-source.ts';
import { hashKey, type ImportState, readState, rowMessageId, statePath, writeState } from './import-state.ts';
import { isEmptyMapping, type Mapping } from './mapping.ts';
import { NDJSON_COLUMNS, type NdjsonRow, readNdjson } from './ndjson.ts';
import type { FileRow } from './row.ts';
import { RowMapper } from './row-mapper.ts';
import type { Columns } from './source.ts';
import { Tally, type TallyState } from './tally.ts';

export interface ImportOptions {
  readonly format?: 'csv' | 'ndjson' | undefined;
  readonly mapping: Mapping;
  readonly delimiter?: string | undefined;
  readonly header?: readonly string[] | undefined;
  readonly encoding?: string | undefined;
  readonly isRelaxed?: boolean | undefined;
  readonly batchCount: number;
  readonly laneCount: number;
  readonly isGzip: boolean;
  readonly isRestart: boolean;
  readonly isQuiet: boolean;
  readonly stateFolder?: string | undefined;
  readonly rejectsPath?: string | undefined;
}

export interface ImportReport extends TallyState {
  readonly file: string;
  readonly refused: number;
  /** Row up to which an earlier run had come; 0 = this run read everything. */
  readonly continuedAfter: number;
  readonly outcome: 'done' | 'done-before' | 'interrupted';
}

interface RowItems {
  readonly laneKey: string;
  readonly texts: readonly string[];
}
/** Undefined = the row is passed over. Throws an EngineError for a refused row. */
type ToItems<Row> = (values: Row, row: number) => RowItems | undefined;

const SAMPLE_ROW_COUNT = 1_000;
const SAVE_INTERVAL_MS = 500;

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
  const messageKey = hashKey(identity.fingerprint, options.mapping, options.header, options.delimiter);
  const stateFile = isStream ? undefined : statePath(path, options.stateFolder);
  const key = hashKey(messageKey, client.url);
  const before = await earlierState(stateFile, key, options, terminal);
  if (before?.isDone === true) return reportOf(path, before.row, 'done-before', before.tally);

  const source = await openFileSource(path, options.encoding);
  const run = new ImportRun(options, client, terminal, { stateFile, key, before, totalBytes: identity.sizeBytes });
  try {
    if (format === 'ndjson') {
      const rows = readNdjson(source.stream);
      const isPassed = isEmptyMapping(options.mapping);
      const toItems = isPassed ? passItem(messageKey) : mapItems(options.mapping, NDJSON_COLUMNS, [], messageKey);
      await run.read(rows, toItems, source.readSizeBytes);
    } else {
      const delimiter = options.delimiter ?? (/\.tsv(\.gz)?$/i.test(path) ? '\t' : ',');
      const { header, isRelaxed } = options;
      const { columns, rows } = await openCsv(source.stream, { delimiter, header, isRelaxed });
      const sample = options.mapping.auto === true ? await takeSample(rows) : [];
      const values = sample.flatMap((row) => (row.values === undefined ? [] : [row.values]));
      const toItems = mapItems(options.mapping, columns, values, messageKey);
      await run.read(chain(sample, rows), toItems, source.readSizeBytes);
    }
  } catch (error) {
    throw streamError(path, error);
  } finally {
    await run.close();
    source.stream.destroy();
  }
  return reportOf(path, before?.row ?? 0, run.isStopped ? 'interrupted' : 'done', run.tally);
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

/** Lines that are items already: sent as they are, with a message id where there is none. */
function passItem(messageKey: string): ToItems<NdjsonRow> {
  return (item, row) => {
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

interface RunPlace {
  readonly stateFile: string | undefined;
  readonly key: string;
  readonly before: ImportState | undefined;
  readonly totalBytes: number;
}

/** The loop over the rows and everything that has to be put right when it ends, however it ends. */
class ImportRun {
  readonly #terminal: Terminal;
  readonly #place: RunPlace;
  readonly #tally: Tally;
  readonly #sender: BatchSender;
  readonly #progress: Progress;
  readonly #rejects: WriteStream | undefined;
  readonly #unsubscribe: () => void;
  #savedMs: number;
  #row: number;
  #isRead = false;
  isStopped = false;

  constructor(options: ImportOptions, client: Client, terminal: Terminal, place: RunPlace) {
    this.#terminal = terminal;
    this.#place = place;
    this.#tally = new Tally(place.before?.tally);
    this.#row = place.before?.row ?? 0;
    this.#savedMs = terminal.nowMs();
    const { laneCount, batchCount, isGzip } = options;
    this.#sender = new BatchSender(
      {
        client,
        laneCount,
        batchCount,
        isGzip,
        onOutcome: (outcome) => {
          this.#tally.accept(outcome.accepted, outcome.duplicates);
          for (const { item, code, message } of outcome.rejected) {
            this.#tally.refuse({ row: item.row, code, message, item: item.text });
          }
        },
      },
      this.#row,
    );
    this.#progress = new Progress(terminal, { unit: 'rows', total: place.totalBytes, isQuiet: options.isQuiet });
    if (options.rejectsPath !== undefined) {
      this.#rejects = createWriteStream(options.rejectsPath, { flags: place.before === undefined ? 'w' : 'a' });
    }
    this.#unsubscribe = terminal.onStop(() => {
      this.isStopped = true;
    });
  }

  get tally(): TallyState {
    return this.#tally.state;
  }

  async read<Row>(
    rows: AsyncIterable<FileRow<Row>>,
    toItems: ToItems<Row>,
    readSizeBytes: () => number,
  ): Promise<void> {
    const startRow = this.#row;
    for await (const row of rows) {
      if (this.isStopped) break;
      if (row.number <= startRow) {
        this.#progress.update(readSizeBytes(), row.number);
        continue;
      }
      await this.#take(row, toItems);
      if ((row.number & 0xff) === 0) {
        this.#progress.update(readSizeBytes(), row.number);
        if (this.#terminal.nowMs() - this.#savedMs >= SAVE_INTERVAL_MS) await this.#save(false);
      }
    }
    await this.#sender.finish();
    await this.#save(!this.isStopped);
    this.#isRead = true;
  }

  async #take<Row>(row: FileRow<Row>, toItems: ToItems<Row>): Promise<void> {
    this.#row = row.number;
    this.#tally.read(row.number);
    const items = this.#itemsOf(row, toItems);
    await this.#sender.add(row.number, items?.laneKey ?? '', items?.texts ?? []);
  }

  #itemsOf<Row>(row: FileRow<Row>, toItems: ToItems<Row>): RowItems | undefined {
    if (row.error !== undefined) {
      this.#tally.refuse({ row: row.number, code: row.error.code, message: row.error.message });
      return undefined;
    }
    try {
      const items = toItems(row.values, row.number);
      if (items === undefined) this.#tally.skip(row.number);
      return items;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#tally.refuse({ row: row.number, code: error.code, message: error.message });
      return undefined;
    }
  }

  async #save(isDone: boolean): Promise<void> {
    this.#savedMs = this.#terminal.nowMs();
    const row = this.#sender.ackedRow;
    for (const refusal of this.#tally.settle(row)) {
      const item = refusal.item === undefined ? undefined : (JSON.parse(refusal.item) as unknown);
      this.#rejects?.write(`${JSON.stringify({ ...refusal, item })}\n`);
    }
    const { stateFile, key } = this.#place;
    if (stateFile === undefined) return;
    await writeState(stateFile, { version: 1, key, row, isDone, tally: this.#tally.state });
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#progress.stop();
    await this.#sender.settle();
    // A run that failed keeps what was answered until then.
    if (!this.#isRead) await this.#save(false);
    if (this.#rejects === undefined) return;
    this.#rejects.end();
    await once(this.#rejects, 'close');
  }
}
