/**
 * `kith enrich`: a list of what others know, row by row, to `POST /v1/enrichment`. Nothing is remembered about how far it came: a list
 * that is sent again changes nothing, so after an interruption the same command does.
 */

import type { EnrichmentAnswer, EnrichmentPriority } from '../model/enrichment.ts';
import { EngineError } from '../model/error.ts';
import type { Client } from './client.ts';
import { type CsvRow, openCsv } from './import/csv.ts';
import { openFileSource, STANDARD_INPUT, streamError } from './import/file-source.ts';
import type { Mapping } from './import/mapping.ts';
import { NDJSON_COLUMNS, readNdjson } from './import/ndjson.ts';
import type { FileRow } from './import/row.ts';
import { RowMapper } from './import/row-mapper.ts';
import type { Columns } from './import/source.ts';
import { formatCount, Progress } from './progress.ts';
import { formatTable } from './table.ts';
import { colorsOf, EXIT, type Terminal, write } from './terminal.ts';

export interface EnrichOptions {
  readonly source: string;
  readonly priority: EnrichmentPriority;
  /** Type of the identifiers; the column is the mapping's `userId`. */
  readonly identifierType: string;
  readonly mapping: Mapping;
  readonly format?: 'csv' | 'ndjson' | undefined;
  readonly delimiter?: string | undefined;
  readonly encoding?: string | undefined;
  readonly json?: boolean | undefined;
}

interface Refusal {
  readonly row: number;
  readonly code: string;
  readonly message: string;
}

interface Report {
  readonly file: string;
  rows: number;
  matched: number;
  duplicates: number;
  unmatched: number;
  refused: number;
  /** Rows without any trait. */
  skipped: number;
  readonly firstRefusals: Refusal[];
}

const BATCH_COUNT = 1_000;
const SAMPLE_ROW_COUNT = 1_000;
const REFUSAL_COUNT = 20;

export async function runEnrich(
  path: string,
  options: EnrichOptions,
  client: Client,
  terminal: Terminal,
): Promise<number> {
  const source = await openFileSource(path, options.encoding);
  const progress = new Progress(terminal, { unit: 'rows', total: 0, isQuiet: options.json });
  const run = new EnrichRun(path, options, client, () => {
    progress.update(source.readSizeBytes(), run.report.rows);
  });
  try {
    if (isNdjson(path, options)) {
      await run.send(NDJSON_COLUMNS, [], readNdjson(source.stream, source.textFault));
    } else {
      const delimiter = options.delimiter ?? (/\.tsv(\.gz)?$/i.test(path) ? '\t' : ',');
      const { columns, rows } = await openCsv(source.stream, { delimiter, textFault: source.textFault });
      const sample = await take(rows, SAMPLE_ROW_COUNT);
      await run.send<CsvRow>(columns, sample, rows);
    }
  } catch (error) {
    throw streamError(path, error);
  } finally {
    source.stream.destroy();
    progress.stop();
  }
  const { report } = run;
  await write(terminal.stdout, options.json ? `${JSON.stringify(report)}\n` : reportText(report, terminal));
  return report.refused > 0 ? EXIT.someRefused : EXIT.ok;
}

class EnrichRun {
  readonly report: Report;
  readonly #options: EnrichOptions;
  readonly #client: Client;
  readonly #onRow: () => void;
  #waiting: { readonly row: number; readonly record: object }[] = [];

  constructor(file: string, options: EnrichOptions, client: Client, onRow: () => void) {
    this.report = { file, rows: 0, matched: 0, duplicates: 0, unmatched: 0, refused: 0, skipped: 0, firstRefusals: [] };
    this.#options = options;
    this.#client = client;
    this.#onRow = onRow;
  }

  async send<Row>(
    columns: Columns<Row>,
    sample: readonly FileRow<Row>[],
    rest: AsyncIterable<FileRow<Row>>,
  ): Promise<void> {
    const values = sample.flatMap((row) => (row.values === undefined ? [] : [row.values]));
    const mapper = new RowMapper<Row>(this.#options.mapping, columns, values);
    for (const row of sample) await this.#take(row, mapper);
    for await (const row of rest) await this.#take(row, mapper);
    await this.#flush();
  }

  async #take<Row>(row: FileRow<Row>, mapper: RowMapper<Row>): Promise<void> {
    this.report.rows += 1;
    this.#onRow();
    try {
      if (row.error !== undefined) throw row.error;
      // The message id is the server's to make: it knows the identifier's normal form.
      const item = mapper.map(row.values, () => '')?.items[0];
      if (item?.['traits'] === undefined) this.report.skipped += 1;
      else this.#waiting.push({ row: row.number, record: this.#recordOf(item) });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#refuse({ row: row.number, code: error.code, message: error.message });
    }
    if (this.#waiting.length >= BATCH_COUNT) await this.#flush();
  }

  #recordOf({ userId, traits, timestamp }: Readonly<Record<string, unknown>>): object {
    return { identifier: { type: this.#options.identifierType, value: userId }, traits, at: timestamp };
  }

  async #flush(): Promise<void> {
    const sent = this.#waiting;
    if (sent.length === 0) return;
    this.#waiting = [];
    const { source, priority } = this.#options;
    const body = JSON.stringify({ source, priority, records: sent.map(({ record }) => record) });
    const headers = { 'content-type': 'application/json' };
    const answer = (await this.#client.post('/v1/enrichment', body, headers)) as EnrichmentAnswer;
    this.report.matched += answer.matched;
    this.report.duplicates += answer.duplicates;
    this.report.unmatched += answer.unmatched.length;
    for (const { index, code, message } of answer.rejected) this.#refuse({ row: sent[index].row, code, message });
  }

  #refuse(refusal: Refusal): void {
    this.report.refused += 1;
    if (this.report.firstRefusals.length < REFUSAL_COUNT) this.report.firstRefusals.push(refusal);
  }
}

function isNdjson(path: string, { format }: EnrichOptions): boolean {
  if (format !== undefined) return format === 'ndjson';
  return path === STANDARD_INPUT || /\.(ndjson|jsonl|json)(\.gz)?$/i.test(path);
}

async function take<Row>(rows: AsyncGenerator<Row>, count: number): Promise<Row[]> {
  const taken: Row[] = [];
  while (taken.length < count) {
    const next = await rows.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

function reportText(report: Report, terminal: Terminal): string {
  const { file, rows, matched, duplicates, unmatched, skipped, refused, firstRefusals } = report;
  const head = ['file', 'rows', 'matched', 'of these known', 'of nobody', 'empty', 'refused'];
  const parts = [formatTable(head, [[file, rows, matched, duplicates, unmatched, skipped, refused]])];
  if (refused === 0) return parts.join('');
  const shown = firstRefusals.map(({ row, code, message }) => [formatCount(row), code, message]);
  parts.push(formatTable(['row', 'code', 'message'], shown));
  if (refused > shown.length)
    parts.push(colorsOf(terminal).dim(`the first ${shown.length} of ${formatCount(refused)}\n`));
  return parts.join('');
}
