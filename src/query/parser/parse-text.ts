/**
 * The text form of the language, to the AST: recursive descent over the grammar in README.md, then the same check as
 * JSON gets, with every mistake of either kind placed in the text. Time is linear in the text; depth is bounded.
 */
import { EngineError, type ErrorSpan } from '../../model/error.ts';
import type { AggregateFunction, Collection, Expression, RandomLeaf, SegmentLeaf } from '../../model/expression.ts';
import { DEFAULT_QUERY_LIMITS, type QueryLimits } from '../../model/limits.ts';
import { checkExpression } from './check-expression.ts';
import { parseCondition } from './parse-condition.ts';
import { parseAggregate, parseDid } from './parse-event.ts';
import { acceptMembers, type Members } from './parse-members.ts';
import { TokenStream } from './token-stream.ts';

const LEAF_WORDS = ['did', 'not', 'in', 'everyone', 'random', 'sum', 'avg', 'min', 'max', 'count', 'first', 'last'];
/** `count distinct of` is apart. */
const FUNCTION_OF: Readonly<Record<string, AggregateFunction>> = {
  sum: 'sum',
  avg: 'avg',
  average: 'avg',
  min: 'min',
  max: 'max',
  first: 'first',
  last: 'last',
};

/**
 * Errors: query_syntax for the grammar; query_invalid, query_type and query_too_large as of `checkExpression`. All carry a span.
 */
export function parseText(
  text: string,
  limits: QueryLimits = DEFAULT_QUERY_LIMITS,
  of: Collection = 'people',
): Expression {
  if (text.length > limits.textLength) {
    throw new EngineError('query_too_large', `the query is longer than ${limits.textLength} characters`, {
      span: { start: limits.textLength, end: text.length },
    });
  }
  const stream = new TokenStream(text, limits);
  const expression = parseWhole(stream);
  try {
    return checkExpression(expression, limits, '', of);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const span = stream.sourceMap.find(expression, String(error.details?.['path'] ?? ''));
    throw new EngineError(error.code, error.message, {
      details: error.details,
      span: span ?? stream.spanFrom(0),
      cause: error,
    });
  }
}

/** Errors: query_syntax. */
export function parseWhole(stream: TokenStream): Expression {
  const expression = parseOr(stream);
  if (stream.current.kind !== 'end') {
    stream.note('', ['and', 'or']);
    stream.fail('"and", "or" or the end of the query');
  }
  return expression;
}

/** For a text that parses: where the part of its AST at a JSON pointer was written. */
export function placesInText(text: string): (pointer: string) => ErrorSpan | undefined {
  const stream = new TokenStream(text, DEFAULT_QUERY_LIMITS);
  const expression = parseWhole(stream);
  return (pointer) => {
    const span = stream.sourceMap.find(expression, pointer);
    return span === undefined ? undefined : { start: span.start, end: span.end };
  };
}

function parseOr(stream: TokenStream): Expression {
  const start = stream.current.start;
  const items = [parseAnd(stream)];
  while (stream.acceptWord('or') !== undefined) items.push(parseAnd(stream));
  return items.length === 1 ? items[0] : marked(stream, start, { or: items });
}

function parseAnd(stream: TokenStream): Expression {
  const start = stream.current.start;
  const items = [parseUnary(stream)];
  while (stream.acceptWord('and') !== undefined) items.push(parseUnary(stream));
  return items.length === 1 ? items[0] : marked(stream, start, { and: items });
}

function parseUnary(stream: TokenStream): Expression {
  const start = stream.current.start;
  if (stream.acceptWord('not') !== undefined) {
    return marked(stream, start, { not: stream.nest(() => parseUnary(stream)) });
  }
  if (!stream.acceptSymbol('(')) return marked(stream, start, parseLeaf(stream));
  const expression = stream.nest(() => parseOr(stream));
  stream.expectSymbol(')');
  return expression;
}

function marked<Node extends Expression>(stream: TokenStream, start: number, node: Node): Node {
  stream.sourceMap.mark(node, stream.spanFrom(start));
  return node;
}

function parseLeaf(stream: TokenStream): Expression {
  if (stream.acceptWord('did') !== undefined) return parseDid(stream);
  if (stream.acceptWord('everyone') !== undefined) return { and: [] };
  if (stream.isWord('no') && stream.isWord('one', 1)) {
    stream.take();
    stream.take();
    return { or: [] };
  }
  if (stream.acceptWord('in') !== undefined) return parseSegment(stream);
  if (stream.isWord('random') && stream.peek(1).kind === 'text') return parseRandom(stream);
  const members = acceptMembers(stream);
  if (members !== undefined) return parseMembers(stream, members);
  const fn = acceptFunction(stream);
  if (fn !== undefined) return parseAggregate(stream, fn);
  return parseTrait(stream);
}

/** After the opening parenthesis. */
function parseMembers(stream: TokenStream, { of, match }: Members): Expression {
  const expression = stream.nest(() => parseOr(stream));
  stream.expectSymbol(')');
  return of === 'accounts' ? { account: expression, match } : { people: expression, match };
}

/** The words of a function are names too: only the word after tells. */
function acceptFunction(stream: TokenStream): AggregateFunction | undefined {
  if (stream.isWord('count') && stream.isWord('distinct', 1)) {
    stream.take();
    stream.take();
    stream.expectWord('of');
    return 'count_distinct';
  }
  const { word } = stream.current;
  if (!stream.isWord('of', 1) || !Object.hasOwn(FUNCTION_OF, word)) return undefined;
  stream.take();
  stream.take();
  return FUNCTION_OF[word];
}

function parseTrait(stream: TokenStream): Expression {
  stream.note('"did"', LEAF_WORDS);
  stream.offer({ kind: 'trait' });
  const name = stream.expectName();
  const condition = parseCondition(stream, { trait: name.text });
  const leaf = { trait: name.text, ...condition };
  stream.sourceMap.adopt(leaf, condition, stream.spanFrom(name.start));
  stream.sourceMap.mark(leaf, name, 'trait');
  return leaf;
}

/** After `in`. */
function parseSegment(stream: TokenStream): SegmentLeaf {
  stream.expectWord('segment');
  stream.offer({ kind: 'segment' });
  stream.note('a segment in quotes');
  const name = stream.current.kind === 'text' ? stream.take() : stream.expectName();
  const leaf = { segment: name.text };
  stream.sourceMap.mark(leaf, name, 'segment');
  return leaf;
}

function parseRandom(stream: TokenStream): RandomLeaf {
  stream.take();
  const salt = stream.take().text;
  stream.expectWord('from');
  const from = Number(stream.expectKind('number').text);
  stream.expectWord('to');
  return { random: { salt, from, to: Number(stream.expectKind('number').text) } };
}
