/** The lines of an NDJSON file in order; a line that is no JSON object becomes a row with an error. Blank lines only count. */
import type { Readable } from 'node:stream';
import { LONG_DIGITS, parseWithWideIntegers } from '../../base/exact-json.ts';
import { EngineError } from '../../model/error.ts';
import { splitPath } from './field.ts';
import { type FileRow, REPLACEMENT_CHARACTER, ROW_SIZE_BYTES_MAX, type TextFault } from './row.ts';
import type { Columns } from './source.ts';

export type NdjsonRow = Readonly<Record<string, unknown>>;

const NEWLINE = 0x0a;

/** Columns are paths: `address.city`. Which there are is not known beforehand, so every name is taken. */
export const NDJSON_COLUMNS: Columns<NdjsonRow> = {
  names: undefined,
  defaultType: 'raw',
  reader: (name) => {
    const path = splitPath(name);
    return (row) => {
      let value: unknown = row;
      for (const step of path) {
        if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
        value = (value as Record<string, unknown>)[step];
      }
      return value;
    };
  },
};

export async function* readNdjson(
  stream: Readable,
  textFault: TextFault,
): AsyncGenerator<FileRow<NdjsonRow>, void, undefined> {
  let number = 0;
  for await (const line of lines(stream)) {
    number++;
    if (line === undefined) {
      const message = `the line is longer than ${ROW_SIZE_BYTES_MAX} bytes`;
      yield { number, error: new EngineError('malformed_json', message) };
      continue;
    }
    const text = number === 1 && line.startsWith('\uFEFF') ? line.slice(1) : line;
    if (text.trim() === '') continue;
    const fault = textFault();
    if (fault !== undefined && text.includes(REPLACEMENT_CHARACTER)) yield { number, error: fault };
    else yield parseLine(number, text);
  }
}

function parseLine(number: number, text: string): FileRow<NdjsonRow> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      if (!LONG_DIGITS.test(text) || parseWithWideIntegers(text) === undefined) {
        return { number, values: value as NdjsonRow };
      }
      const message = 'the line holds an integer beyond 2^53; write it as a text';
      return { number, error: new EngineError('invalid_number', message) };
    }
    return { number, error: new EngineError('malformed_json', 'the line is no JSON object') };
  } catch (error) {
    return { number, error: new EngineError('malformed_json', (error as Error).message, { cause: error }) };
  }
}

/** Lines as text; undefined in place of one that is too long. Splits bytes, so a character is never cut. */
async function* lines(stream: Readable): AsyncGenerator<string | undefined, void, undefined> {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  const take = (end: Buffer): string | undefined => {
    const isTooLong = sizeBytes + end.length > ROW_SIZE_BYTES_MAX;
    const text = isTooLong
      ? undefined
      : parts.length === 0
        ? end.toString()
        : Buffer.concat([...parts, end]).toString();
    parts = [];
    sizeBytes = 0;
    return text;
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    sizeBytes += chunk.length - start;
    if (sizeBytes > ROW_SIZE_BYTES_MAX) parts = [];
    else if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (sizeBytes > 0) yield take(Buffer.alloc(0));
}
