/**
 * The text language's tokens. One pass from left to right, each character looked at a bounded number of times. Words are
 * not yet keywords here: what a word means depends on where it stands, so only the few RESERVED ones need backquotes
 * when they are meant as names.
 */
import { durationMsOf } from '../../base/duration.ts';
import { EngineError, type ErrorSpan } from '../../model/error.ts';
import { quoted, suggestionText } from './suggestion.ts';

export type TokenKind = 'word' | 'name' | 'text' | 'number' | 'duration' | 'symbol' | 'end';

export interface Token extends ErrorSpan {
  readonly kind: TokenKind;
  /** Decoded: without quotes and escapes; for numbers and durations as written. */
  readonly text: string;
  /** Lower case of a word, which may be a keyword; else empty. */
  readonly word: string;
}

/** Words that cannot name a field without backquotes. Every other is a keyword only where the grammar has one. */
export const RESERVED: readonly string[] = [
  'and',
  'or',
  'not',
  'did',
  'in',
  'then',
  'where',
  'everyone',
  'true',
  'false',
  'null',
];

const SYMBOL = /==|!=|<>|<=|>=|[()=<>,]/y;
const SAME_SYMBOL: Readonly<Record<string, string>> = { '==': '=', '<>': '!=' };
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD_START = /[\p{L}_$]/u;
const WORD_PART = /[\p{L}\p{M}\p{N}_$]/u;
const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Signs that people bring from other languages, and what to write. */
const FOREIGN: Readonly<Record<string, string>> = {
  '&': 'and',
  '|': 'or',
  '!': 'not',
  '[': '(',
  ']': ')',
  '{': '(',
  '}': ')',
  '“': '"',
  '”': '"',
  '„': '"',
  '’': "'",
  '‘': "'",
  ';': 'and',
};

export function syntaxError(message: string, span: ErrorSpan, suggestion?: string | undefined): EngineError {
  const details = suggestion === undefined ? undefined : { suggestion };
  const { start, end } = span;
  return new EngineError('query_syntax', message + suggestionText(suggestion), { span: { start, end }, details });
}

/** Ends with exactly one `end` token. Errors: query_syntax. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (true) {
    while (at < source.length && ' \t\r\n\u00a0'.includes(source[at])) at++;
    if (at === source.length) return [...tokens, token('end', '', at, at)];
    const next = readToken(source, at);
    tokens.push(next);
    at = next.end;
  }
}

function token(kind: TokenKind, text: string, start: number, end: number): Token {
  return { kind, text, word: kind === 'word' ? text.toLowerCase() : '', start, end };
}

function readToken(source: string, start: number): Token {
  const unit = source[start];
  if (unit === '"' || unit === "'") return readText(source, start);
  if (unit === '`') return readName(source, start);
  const wordEnd = endOfWord(source, start);
  if (wordEnd > start) return token('word', source.slice(start, wordEnd), start, wordEnd);
  SYMBOL.lastIndex = start;
  const symbol = SYMBOL.exec(source)?.[0];
  if (symbol !== undefined) return token('symbol', SAME_SYMBOL[symbol] ?? symbol, start, start + symbol.length);
  NUMBER.lastIndex = start;
  const number = NUMBER.exec(source)?.[0];
  if (number !== undefined) return readNumber(source, start, number);
  const character = String.fromCodePoint(source.codePointAt(start) as number);
  const suggestion = Object.hasOwn(FOREIGN, character) ? FOREIGN[character] : undefined;
  throw syntaxError(`${quoted(character)} has no meaning here`, { start, end: start + character.length }, suggestion);
}

/** A letter, `_` or `$`, then those, digits, and single `.` or `-` between them. Gives `start` when there is none. */
function endOfWord(source: string, start: number): number {
  if (!isPart(WORD_START, source, start)) return start;
  let at = start;
  while (at < source.length) {
    if (isPart(WORD_PART, source, at)) at += widthAt(source, at);
    else if ((source[at] === '.' || source[at] === '-') && isPart(WORD_PART, source, at + 1)) at++;
    else break;
  }
  return at;
}

function isPart(pattern: RegExp, source: string, at: number): boolean {
  return at < source.length && pattern.test(source.slice(at, at + widthAt(source, at)));
}

function widthAt(source: string, at: number): number {
  return (source.codePointAt(at) as number) > 0xffff ? 2 : 1;
}

/** Whether a field or segment of this name can be written without backquotes or quotes. */
export function isBareName(name: string): boolean {
  return name !== '' && endOfWord(name, 0) === name.length && !RESERVED.includes(name.toLowerCase());
}

function readNumber(source: string, start: number, text: string): Token {
  let end = start + text.length;
  if (isPart(WORD_PART, source, end)) {
    while (isPart(WORD_PART, source, end)) end += widthAt(source, end);
    return readDuration(source.slice(start, end), { start, end });
  }
  if (!Number.isFinite(Number(text))) throw syntaxError('the number is too large', { start, end });
  return token('number', text, start, end);
}

function readDuration(text: string, span: ErrorSpan): Token {
  if (!Number.isNaN(durationMsOf(text))) return token('duration', text, span.start, span.end);
  const loose = /^(\d+)(ms|s|m|h|d|w)/i.exec(text);
  const suggestion = loose === null || /^\d+mo/i.test(text) ? undefined : loose[0].toLowerCase();
  const isSame = suggestion === undefined || Number.isNaN(durationMsOf(suggestion));
  throw syntaxError(
    `${quoted(text)} is not a number or a duration such as 30d (ms, s, m, h, d, w)`,
    span,
    isSame ? undefined : suggestion,
  );
}

/** `` `any name` ``; a backquote inside is written twice. */
function readName(source: string, start: number): Token {
  let at = start;
  let text = '';
  while (true) {
    const end = source.indexOf('`', at + 1);
    if (end < 0) throw syntaxError('the backquote that begins a name here is not closed', { start, end: start + 1 });
    text += source.slice(at + 1, end);
    at = end;
    if (source[end + 1] !== '`') break;
    text += '`';
    at = end + 1;
  }
  if (text === '') throw syntaxError('a name must not be empty', { start, end: at + 1 });
  return token('name', text, start, at + 1);
}

/** Single or double quotes, escapes as in JSON. */
function readText(source: string, start: number): Token {
  const quote = source[start];
  const pieces: string[] = [];
  let from = start + 1;
  for (let at = from; at < source.length; at++) {
    const unit = source[at];
    if (unit === quote) {
      pieces.push(source.slice(from, at));
      return token('text', pieces.join(''), start, at + 1);
    }
    if (unit < ' ')
      throw syntaxError('a text in quotes stays on one line; write \\n for a new line', { start: at, end: at + 1 });
    if (unit !== '\\') continue;
    pieces.push(source.slice(from, at));
    const escaped = source[at + 1] ?? '';
    const hex = source.slice(at + 2, at + 6);
    if (Object.hasOwn(ESCAPED, escaped)) pieces.push(ESCAPED[escaped]);
    else if (escaped === 'u' && /^[0-9a-fA-F]{4}$/.test(hex))
      pieces.push(String.fromCharCode(Number.parseInt(hex, 16)));
    else
      throw syntaxError('this escape does not exist; write \\\\ for a backslash', {
        start: at,
        end: Math.min(at + 2, source.length),
      });
    at += escaped === 'u' ? 5 : 1;
    from = at + 1;
  }
  throw syntaxError('the quote that begins a text here is not closed', { start, end: start + 1 });
}
