import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../src/model/error.ts';
import { checkExpression } from '../../../../src/query/parser/check-expression.ts';
import { formatQueryError } from '../../../../src/query/parser/format-error.ts';
import { parseText } from '../../../../src/query/parser/parse-text.ts';
import { printExpression } from '../../../../src/query/parser/print.ts';

const readme = readFileSync(new URL('../../../../src/query/parser/README.md', import.meta.url), 'utf8');

/** Every fenced `first` block with the `second` block right after it. */
function blocks(first: string, second: string): [string, string][] {
  const pattern = new RegExp(`\`\`\`${first}\n([^]*?)\n\`\`\`\n\`\`\`${second}\n([^]*?)\n\`\`\``, 'g');
  return [...readme.matchAll(pattern)].map(([, text, result]) => [text, result]);
}

describe('the examples of the language page', () => {
  test('are all found', () => {
    expect(blocks('query', 'json')).toHaveLength(13);
    expect(blocks('error', 'message')).toHaveLength(2);
  });

  test.each(blocks('query', 'json'))('%s', (text, json) => {
    const expected = checkExpression(JSON.parse(json));
    expect(expected).toEqual(JSON.parse(json));
    expect(parseText(text)).toEqual(expected);
    expect(parseText(printExpression(expected))).toEqual(expected);
  });

  test.each(blocks('error', 'message'))('%s', (text, message) => {
    let error: unknown;
    try {
      parseText(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(EngineError);
    expect(formatQueryError(text, error as EngineError)).toBe(message);
  });
});
