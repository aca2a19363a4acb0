/**
 * The rows of a CSV file (RFC 4180, any delimiter) in order, numbered by the line on which they begin. A broken row (quotes,
 * number of cells) becomes a row with an error and the next one is read. A stray quote can take the lines after it along:
 * then each of those lines becomes a row with an error too, so that the numbers add up. Only a file without a usable
 * header, or with a row beyond all bounds, is refused whole.
 */
import type { Readable } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
import { EngineError } from '../../model/error.ts';
import { type FileRow, REPLACEMENT_CHARACTER, ROW_SIZE_BYTES_MAX, type TextFault } from './row.ts';
import type { Columns } from './source.ts';

export type CsvRow = readonly string[];

export interface CsvOptions {
  readonly delimiter: string;
  /** Names for a file without a header line. */
  readonly header?: readonly string[] | undefined;
  /** Take a quote inside an unquoted cell as it stands. */
  readonly isRelaxed?: boolean | undefined;
  readonly textFault: TextFault;
}

type CsvRecord = { readonly info: Info; readonly record: string[] };
/** Mistakes that the parser met, by line; the reader of the rows takes them out as it passes. */
type Mistakes = Map<number, EngineError>;

export interface CsvFile {
  readonly columns: Columns<CsvRow>;
  readonly rows: AsyncGenerator<FileRow<CsvRow>, void, undefined>;
}

/** Reads the header. Errors: malformed_csv. */
export async function openCsv(stream: Readable, options: CsvOptions): Promise<CsvFile> {
  const mistakes: Mistakes = new Map();
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
      if (error === undefined) return;
      // The parser cannot go on after this one.
      if (error.code === 'CSV_MAX_RECORD_SIZE') throw refusalOf(error);
      mistakes.set(lineOf(error), refusalOf(error));
    },
  });
  stream.on('error', (error) => parser.destroy(error));
  stream.pipe(parser);
  const records = parser[Symbol.asyncIterator]() as AsyncIterator<CsvRecord>;
  let names = options.header;
  if (names === undefined) {
    const first = await records.next();
    if (first.done === true) {
      const [mistake] = mistakes.values();
      throw mistake ?? new EngineError('malformed_csv', 'the file is empty; a header line is expected');
    }
    names = first.value.record.map((name) => name.trim());
  }
  const headerFault = faultOf(names, options.textFault);
  if (headerFault !== undefined) throw headerFault;
  const repeated = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (repeated !== undefined) {
    const message = `the header names ${JSON.stringify(repeated)} twice; name the columns with --columns`;
    throw new EngineError('malformed_csv', message);
  }
  const firstLine = options.header === undefined ? 2 : 1;
  const rows = readRows(records, mistakes, names.length, firstLine, options.textFault);
  return { columns: csvColumns(names), rows };
}

async function* readRows(
  records: AsyncIterator<CsvRecord>,
  mistakes: Mistakes,
  cellCount: number,
  firstLine: number,
  textFault: TextFault,
): AsyncGenerator<FileRow<CsvRow>, void, undefined> {
  let nextLine = firstLine;
  // Lines that the parser counts twice: a Windows line end inside a quoted cell.
  let excess = 0;
  for (;;) {
    const next = await records.next();
    if (next.done === true) {
      yield* brokenLines(nextLine, Math.max(...mistakes.keys(), 0) + 1, mistakes);
      return;
    }
    const { info, record } = next.value;
    const breaks = countBreaks(record);
    const number = info.lines - excess - breaks.lineFeeds - breaks.windowsEnds;
    yield* brokenLines(nextLine, number, mistakes);
    excess += breaks.windowsEnds;
    nextLine = number + breaks.lineFeeds + 1;
    if (record.length === cellCount) {
      const error = faultOf(record, textFault);
      yield error === undefined ? { number, values: record } : { number, error };
    } else {
      const message = `${record.length} cells where the header has ${cellCount}`;
      yield { number, error: new EngineError('malformed_csv', message) };
    }
  }
}

/** The lines from `start` to before `end` if a mistake is among them; else they were blank. */
function* brokenLines(start: number, end: number, mistakes: Mistakes): Generator<FileRow<CsvRow>, void, undefined> {
  if (mistakes.size === 0) return;
  const lines = [...mistakes.keys()].filter((line) => line < end).sort((a, b) => a - b);
  if (lines.length === 0) return;
  const firstMistake = mistakes.get(lines[0])!;
  for (let number = Math.min(start, lines[0]); number < end; number++) {
    const own = mistakes.get(number) ?? (number === start ? firstMistake : undefined);
    const message = `taken along by the quote in row ${start} or after`;
    yield { number, error: own ?? new EngineError('malformed_csv', message) };
  }
  for (const line of lines) mistakes.delete(line);
}

function faultOf(cells: readonly string[], textFault: TextFault): EngineError | undefined {
  const fault = textFault();
  return fault !== undefined && cells.some((cell) => cell.includes(REPLACEMENT_CHARACTER)) ? fault : undefined;
}

function countBreaks(record: readonly string[]): { readonly lineFeeds: number; readonly windowsEnds: number } {
  let lineFeeds = 0;
  let windowsEnds = 0;
  for (const cell of record) {
    for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) {
      lineFeeds++;
      if (cell[at - 1] === '\r') windowsEnds++;
    }
  }
  return { lineFeeds, windowsEnds };
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

function lineOf(error: CsvError): number {
  const lines: unknown = Reflect.get(error, 'lines');
  return typeof lines === 'number' ? lines : 0;
}

const MISTAKES: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'a quote ends inside a cell; --relaxed takes it as it stands',
  INVALID_OPENING_QUOTE: 'a quote begins inside a cell; --relaxed takes it as it stands',
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
};

function refusalOf(error: CsvError): EngineError {
  return new EngineError('malformed_csv', MISTAKES[error.code] ?? error.message, { cause: error });
}
