/**
 * The rows of a CSV file (RFC 4180, any delimiter) in order. A broken row (quotes, number of cells) becomes a row with
 * an error and the next one is read; only a file without any usable header is refused whole.
 */
import type { Readable } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
import { EngineError } from '../../model/error.ts';
import { type FileRow, ROW_SIZE_BYTES_MAX } from './row.ts';
import type { Columns } from './source.ts';

export type CsvRow = readonly string[];

export interface CsvOptions {
  readonly delimiter: string;
  /** Names for a file without a header line. */
  readonly header?: readonly string[] | undefined;
  /** Take a quote inside an unquoted cell as it stands. */
  readonly isRelaxed?: boolean | undefined;
}

interface Skipped {
  /** How many good records stood before it. */
  readonly position: number;
  readonly error: EngineError;
}

export interface CsvFile {
  readonly columns: Columns<CsvRow>;
  readonly rows: AsyncGenerator<FileRow<CsvRow>, void, undefined>;
}

/** Reads the header. Errors: malformed_csv. */
export async function openCsv(stream: Readable, options: CsvOptions): Promise<CsvFile> {
  const skipped: Skipped[] = [];
  const parser = parse({
    bom: true,
    delimiter: options.delimiter,
    relax_quotes: options.isRelaxed === true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: ROW_SIZE_BYTES_MAX,
    info: true,
    on_skip: (error) => {
      if (error !== undefined) skipped.push({ position: skipPosition(error), error: csvRefusal(error) });
    },
  });
  stream.on('error', (error) => parser.destroy(error));
  stream.pipe(parser);
  const records = parser[Symbol.asyncIterator]() as AsyncIterator<{ info: Info; record: string[] }>;
  let names = options.header;
  if (names === undefined) {
    const first = await records.next();
    if (first.done === true) {
      throw skipped[0]?.error ?? new EngineError('malformed_csv', 'the file is empty; a header line is expected');
    }
    names = first.value.record.map((name) => name.trim());
  }
  const repeated = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new EngineError(
      'malformed_csv',
      `the header names ${JSON.stringify(repeated)} twice; name the columns with --columns`,
    );
  }
  return { columns: csvColumns(names), rows: readRows(records, skipped, names.length, options.header === undefined) };
}

async function* readRows(
  records: AsyncIterator<{ info: Info; record: string[] }>,
  skipped: Skipped[],
  cellCount: number,
  hasHeader: boolean,
): AsyncGenerator<FileRow<CsvRow>, void, undefined> {
  // Counts from 1; a header line takes the first number.
  let number = hasHeader ? 1 : 0;
  for (;;) {
    const next = await records.next();
    const position = next.done === true ? Number.POSITIVE_INFINITY : next.value.info.records;
    while (skipped.length > 0 && skipped[0].position < position)
      yield { number: ++number, error: skipped.shift()!.error };
    if (next.done === true) return;
    const { record } = next.value;
    if (record.length === cellCount) yield { number: ++number, values: record };
    else {
      const message = `${record.length} cells where the header has ${cellCount}`;
      yield { number: ++number, error: new EngineError('malformed_csv', message) };
    }
  }
}

function csvColumns(names: readonly string[]): Columns<CsvRow> {
  return {
    names,
    defaultType: 'text',
    reader: (name) => {
      const index = names.indexOf(name);
      return index === -1 ? undefined : (row) => row[index];
    },
  };
}

function skipPosition(error: CsvError): number {
  const { records } = error as unknown as { records?: number };
  return records ?? 0;
}

function csvRefusal(error: CsvError): EngineError {
  return new EngineError('malformed_csv', error.message, { cause: error });
}
