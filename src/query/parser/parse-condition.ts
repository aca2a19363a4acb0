/** Operator and value in the text language; the same after a trait, an event property and an aggregate. */
import type { Operand, Operator, Scalar } from '../../model/expression.ts';
import type { Condition } from './check-condition.ts';
import type { Subject, TokenStream } from './token-stream.ts';

/** The tokenizer has made == and <> one with = and !=. */
const SYMBOL_OPERATOR: Readonly<Record<string, Operator>> = {
  '=': 'eq',
  '!=': 'neq',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
};

const OPERATOR_WORDS = [
  'in',
  'not',
  'exists',
  'does',
  'contains',
  'starts',
  'ends',
  'matches',
  'between',
  'before',
  'after',
  'within',
  'older',
];

/** What other languages say; it only serves the hint. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  is: '=',
  equals: '=',
  like: 'contains',
  includes: 'contains',
  since: 'after',
  regex: 'matches',
  begins: 'starts with',
};

/** The value's place is marked on the result, under `value`, for the node that takes it over. */
export function parseCondition(stream: TokenStream, subject?: Subject | undefined): Condition {
  const start = stream.current.start;
  const op = parseOperator(stream);
  const valueStart = stream.current.start;
  const value = parseValue(stream, op, subject);
  const condition: Condition = value === undefined ? { op } : { op, value };
  stream.sourceMap.mark(condition, { start, end: valueStart }, 'op');
  stream.sourceMap.mark(condition, value === undefined ? stream.spanFrom(start) : stream.spanFrom(valueStart), 'value');
  return condition;
}

function parseOperator(stream: TokenStream): Operator {
  const { kind, text } = stream.current;
  if (kind === 'symbol' && Object.hasOwn(SYMBOL_OPERATOR, text)) {
    stream.take();
    return SYMBOL_OPERATOR[text];
  }
  stream.offer({ kind: 'operator' });
  const word = stream.acceptWord(...OPERATOR_WORDS);
  switch (word) {
    case 'not':
      return `not_${stream.expectWord('in', 'contains', 'exists') as 'in' | 'contains' | 'exists'}`;
    case 'does':
      stream.expectWord('not');
      return stream.expectWord('exist', 'contain') === 'exist' ? 'not_exists' : 'not_contains';
    case 'starts':
    case 'ends':
      stream.expectWord('with');
      return `${word}_with`;
    case 'within':
      return `within_${stream.expectWord('last', 'next') as 'last' | 'next'}`;
    case 'older':
      stream.expectWord('than');
      return 'older_than';
    case undefined:
      return failOperator(stream);
    default:
      return word as 'in' | 'exists' | 'contains' | 'matches' | 'between' | 'before' | 'after';
  }
}

function failOperator(stream: TokenStream): never {
  const { text, word } = stream.current;
  const other = Object.hasOwn(OTHER_WORDS, word) ? OTHER_WORDS[word] : undefined;
  if (other !== undefined) stream.refuse(`${JSON.stringify(text)} is not an operator`, stream.current, other);
  return stream.fail('an operator such as =, !=, >=, in, contains or exists');
}

function parseValue(stream: TokenStream, op: Operator, subject: Subject | undefined): Operand | undefined {
  switch (op) {
    case 'exists':
    case 'not_exists':
      return undefined;
    case 'in':
    case 'not_in':
      return parseList(stream, subject);
    case 'between': {
      const low = parseLiteral(stream, subject);
      stream.expectWord('and');
      return [low, parseLiteral(stream, subject)];
    }
    case 'within_last':
    case 'within_next':
    case 'older_than':
      return stream.expectKind('duration').text;
    default:
      return parseOperand(stream, subject);
  }
}

function parseList(stream: TokenStream, subject: Subject | undefined): readonly Scalar[] {
  if (stream.isWord('last'))
    stream.refuse(
      '"in last" is the window of an event; a date in a field is compared in other words',
      stream.current,
      'within last',
    );
  stream.expectSymbol('(');
  if (stream.acceptSymbol(')')) return [];
  const list = [parseLiteral(stream, subject)];
  while (stream.acceptSymbol(',')) list.push(parseLiteral(stream, subject));
  stream.expectSymbol(')');
  return list;
}

function parseOperand(stream: TokenStream, subject: Subject | undefined): Operand {
  if (stream.acceptWord('trait') !== undefined) {
    stream.offer({ kind: 'trait' });
    const name = stream.expectName();
    const operand = { trait: name.text };
    stream.sourceMap.mark(operand, name, 'trait');
    return operand;
  }
  if (stream.acceptWord('property') !== undefined) {
    const event = subject !== undefined && 'property' in subject ? subject.event : undefined;
    stream.offer({ kind: 'property', event });
    const name = stream.expectName();
    const operand = { property: name.text };
    stream.sourceMap.mark(operand, name, 'property');
    return operand;
  }
  return parseLiteral(stream, subject);
}

function parseLiteral(stream: TokenStream, subject: Subject | undefined): Scalar {
  if (subject !== undefined) stream.offer({ kind: 'value', of: subject });
  const { kind, text, word } = stream.current;
  if (kind === 'text') return stream.take().text;
  if (kind === 'number') return Number(stream.take().text);
  if (kind === 'word') {
    if (word === 'true' || word === 'false') return stream.take() && word === 'true';
    if (word === 'null')
      stream.refuse('null cannot be compared; write "exists" or "not exists" after the field', stream.current);
  }
  const hint = kind === 'word' ? ` (a text stands in quotes: ${JSON.stringify(text.slice(0, 60))})` : '';
  return stream.fail(`a text in quotes, a number, true or false${hint}`);
}
