/**
 * Where the cursor stands in a query text: the part of a word before it, and what the grammar takes there. The parser itself is asked,
 * with the text before that word: what it looks for when the tokens end is what may be typed.
 */
import { EngineError } from '../../model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../model/limits.ts';
import { parseWhole } from './parse-text.ts';
import { type Token, tokenize } from './token.ts';
import { type Slot, TokenStream } from './token-stream.ts';

export interface CompletionPlace {
  /** What a completion replaces, the cursor inside. */
  readonly start: number;
  readonly end: number;
  /** Typed so far, without its quote. */
  readonly prefix: string;
  /** Open before the prefix. */
  readonly quote: '"' | "'" | '`' | undefined;
  /** Keywords and signs, whole phrases where one word needs the next. */
  readonly keywords: readonly string[];
  readonly slots: readonly Slot[];
}

/** Typed on after any of these, the word before the cursor is not a word of its own. */
const REST_OF_WORD = /[\p{L}\p{M}\p{N}_$.-]*/uy;
const UNFINISHED_WORD = /[\p{L}\p{M}\p{N}_$][.-]$/u;
const DURATIONS: readonly string[] = ['7d', '30d', '90d', '24h', '15m', '12w'];
const SIGNS: readonly string[] = ['=', '!=', '>', '>=', '<', '<='];

type Phrases = Readonly<Record<string, readonly string[]>>;
const LEAF_PHRASES: Phrases = {
  did: ['did', 'did not'],
  in: ['in segment'],
  sum: ['sum of'],
  avg: ['avg of'],
  min: ['min of'],
  max: ['max of'],
  count: ['count distinct of'],
  first: ['first of'],
  last: ['last of'],
};
const OPERATOR_PHRASES: Phrases = {
  in: ['in ('],
  not: ['not in (', 'not exists', 'not contains'],
  does: ['does not exist', 'does not contain'],
  starts: ['starts with'],
  ends: ['ends with'],
  within: ['within last', 'within next'],
  older: ['older than'],
};
const EVENT_PHRASES: Phrases = {
  at: ['at least', 'at most'],
  more: ['more than'],
  fewer: ['fewer than'],
  less: [],
  // The parser takes it only with the number or duration behind it.
  between: [],
  in: ['in last', 'in calendar'],
};

/** Undefined where the text before the cursor is already wrong. */
export function completionPlace(text: string, position: number): CompletionPlace | undefined {
  const head = text.slice(0, position);
  const read = readHead(head);
  if (read === undefined) return undefined;
  const { tokens, start, prefix, quote } = read;
  const end: Token = { kind: 'end', text: '', word: '', start, end: start };
  const stream = new TokenStream([...tokens, end], DEFAULT_QUERY_LIMITS);
  try {
    parseWhole(stream);
  } catch (error) {
    if (!(error instanceof EngineError) || stream.current.kind !== 'end') return undefined;
  }
  const { words, labels, slots } = stream.wanted;
  return {
    start,
    end: endOf(text, position, quote),
    prefix,
    quote,
    keywords: keywordsOf(words, labels, slots, tokens.at(-1)),
    slots,
  };
}

interface Head {
  readonly tokens: readonly Token[];
  readonly start: number;
  readonly prefix: string;
  readonly quote: CompletionPlace['quote'];
}

function readHead(head: string): Head | undefined {
  const tokens = tokensOf(head);
  if (!(tokens instanceof EngineError)) return lastTaken(tokens, head.length);
  const at = tokens.span?.start ?? 0;
  const sign = head[at];
  if (sign === '"' || sign === "'" || sign === '`') {
    const before = tokensOf(head.slice(0, at));
    return before instanceof EngineError
      ? undefined
      : { tokens: before.slice(0, -1), start: at, prefix: head.slice(at + 1), quote: sign };
  }
  // `address.` is a word that goes on.
  if (!UNFINISHED_WORD.test(head)) return undefined;
  const shorter = tokensOf(head.slice(0, -1));
  if (shorter instanceof EngineError) return undefined;
  const whole = lastTaken(shorter, head.length - 1);
  return { ...whole, prefix: whole.prefix + head.slice(-1) };
}

function tokensOf(text: string): readonly Token[] | EngineError {
  try {
    return tokenize(text);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
}

/** The last token is still being typed where nothing stands between it and the cursor. */
function lastTaken(tokens: readonly Token[], length: number): Head {
  const last = tokens.at(-2);
  const isOpen = last?.end === length && (last.kind === 'word' || last.kind === 'number' || last.kind === 'duration');
  if (last === undefined || !isOpen)
    return { tokens: tokens.slice(0, -1), start: length, prefix: '', quote: undefined };
  return { tokens: tokens.slice(0, -2), start: last.start, prefix: last.text, quote: undefined };
}

function endOf(text: string, position: number, quote: CompletionPlace['quote']): number {
  // An editor that closes quotes by itself has put the other one behind the cursor.
  if (quote !== undefined) return text[position] === quote ? position + 1 : position;
  REST_OF_WORD.lastIndex = position;
  return position + (REST_OF_WORD.exec(text)?.[0].length ?? 0);
}

function keywordsOf(
  words: readonly string[],
  labels: readonly string[],
  slots: readonly Slot[],
  last: Token | undefined,
): readonly string[] {
  const isLeaf = slots.some((slot) => slot.kind === 'trait') && words.includes('did');
  const isOperator = slots.some((slot) => slot.kind === 'operator');
  const keywords = new Set<string>(isOperator ? SIGNS : []);
  const add = (phrases: Phrases, word: string): void => {
    for (const phrase of Object.hasOwn(phrases, word) ? phrases[word] : [word]) keywords.add(phrase);
  };
  // What may follow an event and what compares an aggregate stand side by side.
  const isAfterEvent = !isLeaf && (!isOperator || words.includes('where'));
  for (const word of words) {
    if (isLeaf) add(LEAF_PHRASES, word);
    if (isOperator && !isEventWord(word)) add(OPERATOR_PHRASES, word);
    if (isAfterEvent && (!isOperator || isEventWord(word) || word === 'in')) add(EVENT_PHRASES, word);
  }
  if (isOperator && last?.kind === 'word' && ['sum', 'avg', 'min', 'max', 'first', 'last'].includes(last.word))
    keywords.add('of');
  for (const label of labels) {
    const sign = /^"([(),])"$/.exec(label)?.[1];
    if (sign !== undefined) keywords.add(sign);
    if (label.startsWith('a duration')) for (const duration of DURATIONS) keywords.add(duration);
  }
  return [...keywords];
}

function isEventWord(word: string): boolean {
  return ['where', 'from', 'since', 'to', 'until'].includes(word);
}
