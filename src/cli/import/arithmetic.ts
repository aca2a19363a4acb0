/**
 * Computed values of an import: `Quantity * UnitPrice`, `(gross - tax) / 100`, with + − × ÷, brackets, numbers and column
 * names (`[Unit Price]` when a name is not a plain word). No functions, no eval: a mapping file is data from elsewhere.
 */
import { EngineError } from '../../model/error.ts';

export type Evaluate<Row> = (row: Row) => number;

const DEPTH_MAX = 50;
const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([\p{L}_][\p{L}\p{N}_.]*)|\[([^\]]+)\]|([-+*/()]))/uy;

interface Token {
  readonly kind: 'number' | 'column' | 'sign' | 'end';
  readonly text: string;
}

/** `column` gives the reader of a column's number, and refuses unknown names. Errors: invalid_mapping. */
export function compileArithmetic<Row>(text: string, column: (name: string) => Evaluate<Row>): Evaluate<Row> {
  const tokens = tokenize(text);
  let at = 0;
  const refuse = (): never => {
    const found = tokens[at].kind === 'end' ? 'the end' : JSON.stringify(tokens[at].text);
    throw new EngineError('invalid_mapping', `cannot read ${JSON.stringify(text)}: did not expect ${found}`);
  };
  const isSign = (signs: string): boolean => tokens[at].kind === 'sign' && signs.includes(tokens[at].text);

  const readSum = (depth: number): Evaluate<Row> => {
    if (depth > DEPTH_MAX) throw new EngineError('invalid_mapping', `${JSON.stringify(text)} is nested too deep`);
    let left = readProduct(depth);
    while (isSign('+-')) {
      const before = left;
      const isPlus = tokens[at++].text === '+';
      const right = readProduct(depth);
      left = isPlus ? (row) => before(row) + right(row) : (row) => before(row) - right(row);
    }
    return left;
  };
  const readProduct = (depth: number): Evaluate<Row> => {
    let left = readFactor(depth);
    while (isSign('*/')) {
      const before = left;
      const isTimes = tokens[at++].text === '*';
      const right = readFactor(depth);
      left = isTimes ? (row) => before(row) * right(row) : (row) => before(row) / right(row);
    }
    return left;
  };
  const readFactor = (depth: number): Evaluate<Row> => {
    const token = tokens[at];
    if (token.kind === 'number') {
      at++;
      const value = Number(token.text);
      return () => value;
    }
    if (token.kind === 'column') {
      at++;
      return column(token.text);
    }
    if (isSign('-')) {
      at++;
      if (depth > DEPTH_MAX) refuse();
      const operand = readFactor(depth + 1);
      return (row) => -operand(row);
    }
    if (!isSign('(')) refuse();
    at++;
    const inner = readSum(depth + 1);
    if (!isSign(')')) refuse();
    at++;
    return inner;
  };

  const evaluate = readSum(0);
  if (tokens[at].kind !== 'end') refuse();
  return (row) => tidyDecimal(evaluate(row));
}

/** 6 × 2.55 is 15.299999999999999 in binary; 15 digits give the 15.3 that stands on the invoice. */
function tidyDecimal(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(15));
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      throw new EngineError('invalid_mapping', `cannot read ${JSON.stringify(text)} at character ${start + 1}`);
    }
    const [, number, word, bracketed, sign] = match;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else tokens.push({ kind: 'column', text: word ?? bracketed });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}
