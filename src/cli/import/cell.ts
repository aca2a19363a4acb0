/**
 * From what stands in a cell to a typed value. A blank cell is a missing value, never an empty string or a zero; what
 * does not fit its type refuses the row, because a guess would be wrong for ever.
 */
import { LONG_DIGITS, parseWithWideIntegers } from '../../base/exact-json.ts';
import { EngineError } from '../../model/error.ts';

export const CELL_TYPES = [
  'text', 'number', 'integer', 'boolean', 'date', 'json', 'raw', 'likely-number', 'likely-boolean',
] as const; // biome-ignore format: one line
/**
 * `raw` keeps a JSON value as it stands (NDJSON's default; the same as text for CSV). The likely ones are `--auto`'s guess: a cell that
 * does not look so is a text, as the guess was not the user's.
 */
export type CellType = (typeof CELL_TYPES)[number];

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const LONG_INTEGER = /^[+-]?\d{16,}$/;
const CANONICAL_NUMBER = /^-?(0|[1-9]\d{0,14})(\.\d{1,12})?$/;
const BOOLEAN = /^(true|false)$/i;
const TRUE_WORDS = new Set(['true', 'yes', 'y', 't', '1']);
const FALSE_WORDS = new Set(['false', 'no', 'n', 'f', '0']);

export function isBlank(raw: unknown): boolean {
  return raw === undefined || raw === null || (typeof raw === 'string' && raw.trim() === '');
}

/** Undefined for a blank cell. `parseDate` is the mapping's own. Errors: invalid_value, invalid_number, invalid_timestamp. */
export function readCell(raw: unknown, type: CellType, column: string, parseDate: (text: string) => string): unknown {
  if (isBlank(raw)) return undefined;
  switch (type) {
    case 'raw':
      return raw;
    case 'text':
      return typeof raw === 'string' ? raw : typeof raw === 'object' ? JSON.stringify(raw) : String(raw);
    case 'number':
      return readNumber(raw, column);
    case 'integer': {
      const value = readNumber(raw, column);
      if (Number.isSafeInteger(value)) return value;
      throw new EngineError('invalid_number', `${column} is ${JSON.stringify(raw)}, which is no whole number`);
    }
    case 'likely-number':
      return CANONICAL_NUMBER.test(String(raw).trim()) ? Number(raw) : String(raw);
    case 'likely-boolean':
      return BOOLEAN.test(String(raw).trim()) ? /true/i.test(String(raw)) : String(raw);
    case 'boolean': {
      const word = String(raw).trim().toLowerCase();
      if (TRUE_WORDS.has(word)) return true;
      if (FALSE_WORDS.has(word)) return false;
      throw new EngineError('invalid_value', `${column} is ${JSON.stringify(raw)}, which is neither true nor false`);
    }
    case 'date':
      return parseDate(String(raw));
    case 'json':
      return typeof raw === 'string' ? readJson(raw, column) : raw;
  }
}

function readJson(text: string, column: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EngineError('invalid_value', `${column} is ${JSON.stringify(text)}, which is no JSON`);
  }
  if (LONG_DIGITS.test(text) && parseWithWideIntegers(text) !== undefined) {
    throw new EngineError('invalid_number', `${column} holds an integer beyond 2^53; write it as a text`);
  }
  return value;
}

export function readNumber(raw: unknown, column: string): number {
  if (typeof raw === 'number') return raw;
  const text = typeof raw === 'string' ? raw.trim() : '';
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (LONG_INTEGER.test(text) && !Number.isSafeInteger(value)) {
    throw new EngineError('invalid_number', `${column} is an integer beyond 2^53; take it as a text`);
  }
  if (Number.isFinite(value)) return value;
  throw new EngineError('invalid_number', `${column} is ${JSON.stringify(raw ?? '')}, which is no number`);
}

/** The type that all filled cells of a sample share, for `--auto`. `007` and `1e5` stay text: they are codes more often than numbers. */
export function detectType(sample: readonly unknown[]): 'text' | 'number' | 'boolean' {
  let isNumber = true;
  let isBoolean = true;
  let filledCount = 0;
  for (const raw of sample) {
    if (isBlank(raw)) continue;
    const text = String(raw).trim();
    filledCount++;
    if (!CANONICAL_NUMBER.test(text)) isNumber = false;
    if (!BOOLEAN.test(text)) isBoolean = false;
    if (!isNumber && !isBoolean) break;
  }
  if (filledCount === 0) return 'text';
  return isNumber ? 'number' : isBoolean ? 'boolean' : 'text';
}
