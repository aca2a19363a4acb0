import { expect, test } from 'vitest';
import { EngineError } from '../../../../src/model/error.ts';
import { formatQueryError } from '../../../../src/query/parser/format-error.ts';

function formatted(text: string, start: number, end: number): string {
  return formatQueryError(text, new EngineError('query_syntax', 'wrong', { span: { start, end } }));
}

test('the line of the mistake is shown with a caret under it', () => {
  expect(formatted('a = 1\n\tand bb = 2', 11, 13)).toBe('line 2, column 6: wrong\n2 |  and bb = 2\n         ^^');
  expect(formatted('a', 1, 1)).toBe('line 1, column 2: wrong\n1 | a\n     ^');
  expect(formatted('', 0, 0)).toBe('line 1, column 1: wrong\n1 | \n    ^');
  expect(formatted('a\n', 1, 2)).toBe('line 1, column 2: wrong\n1 | a\n     ^');
});

test('a span over several lines ends with its first, and a long line is cut around the mistake', () => {
  expect(formatted('ab\ncd', 1, 5)).toBe('line 1, column 2: wrong\n1 | ab\n     ^');
  const lines = formatted(`${'x'.repeat(500)}!${'y'.repeat(500)}`, 500, 501).split('\n');
  expect(lines[0]).toContain('column 501');
  expect(lines[1][lines[2].indexOf('^')]).toBe('!');
  expect(lines[1].length).toBeLessThan(120);
});

test('an error without a span is its message', () => {
  expect(formatQueryError('a', new EngineError('query_too_large', 'too long'))).toBe('too long');
});
