import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../src/model/limits.ts';
import { checkExpression } from '../../src/query/parser/check-expression.ts';
import { checkRequest } from '../../src/query/parser/check-request.ts';
import { formatQueryError } from '../../src/query/parser/format-error.ts';
import { parseText } from '../../src/query/parser/parse-text.ts';
import { printExpression } from '../../src/query/parser/print.ts';
import { anyExpression } from './query-expression-arbitrary.ts';

const limits = { ...DEFAULT_QUERY_LIMITS, textLength: 10_000_000 };

/** Runs untrusted input: only an EngineError may come out, with a span inside of the text. */
function outcome(run: () => unknown, text?: string): string {
  try {
    run();
    return 'taken';
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    expect(error.code).toMatch(/^query_(syntax|invalid|type|too_large)$/);
    if (text !== undefined) {
      expect(formatQueryError(text, error)).toContain(error.message);
      if (error.span !== undefined) {
        expect(error.span.start).toBeGreaterThanOrEqual(0);
        expect(error.span.end).toBeGreaterThanOrEqual(error.span.start);
        expect(error.span.end).toBeLessThanOrEqual(text.length);
      }
    }
    return error.code;
  }
}

describe('for any query', () => {
  test('the check gives a normal form, which it leaves as it is and JSON carries unchanged', () => {
    fc.assert(
      fc.property(anyExpression, (json) => {
        const normal = checkExpression(json, limits);
        expect(checkExpression(normal, limits)).toStrictEqual(normal);
        expect(JSON.parse(JSON.stringify(normal))).toStrictEqual(normal);
      }),
      { numRuns: 1_500 },
    );
  });

  test('parsing what was printed gives the same query, and the print is stable', () => {
    fc.assert(
      fc.property(anyExpression, (json) => {
        const normal = checkExpression(json, limits);
        const text = printExpression(normal);
        expect(parseText(text, limits)).toStrictEqual(normal);
        expect(printExpression(parseText(text, limits))).toBe(text);
      }),
      { numRuns: 3_000 },
    );
  });

  test('a word changed, removed or doubled in its text is taken or refused in place, never a crash', () => {
    const edit = fc.record({
      json: anyExpression,
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      word: fc.constantFrom('', 'and', '(', ')', '"', 'in', '30d', '5', 'x', '`', ',', 'not', 'then'),
    });
    fc.assert(
      fc.property(edit, ({ json, at, word }) => {
        const words = printExpression(checkExpression(json, limits)).split(' ');
        words[Math.min(words.length - 1, Math.floor(at * words.length))] = word;
        const text = words.join(' ');
        outcome(() => parseText(text, limits), text);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a value put anywhere in its JSON is taken or refused with a path, never a crash', () => {
    const edit = fc.record({
      json: anyExpression,
      at: fc.nat(1_000),
      value: fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(undefined, Number.NaN, '', [], {})),
    });
    fc.assert(
      fc.property(edit, ({ json, at, value }) => {
        const copy = JSON.parse(JSON.stringify(json));
        const places: [Record<string, unknown>, string][] = [];
        const walk = (node: unknown): void => {
          if (typeof node !== 'object' || node === null) return;
          for (const key of Object.keys(node)) {
            places.push([node as Record<string, unknown>, key]);
            walk((node as Record<string, unknown>)[key]);
          }
        };
        walk({ root: copy });
        const [holder, key] = places[at % places.length];
        holder[key] = value;
        outcome(() => checkExpression(places[0][0]['root'], limits));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('for any input', () => {
  const tokens = fc.constantFrom(
    'did',
    'not',
    'in',
    'last',
    '30d',
    '"X"',
    'where',
    '(',
    ')',
    ',',
    'a',
    '=',
    '1',
    'and',
    'or',
    'then',
    'within',
    'without',
    'first',
    'sum',
    'of',
    'over',
    'between',
    'ago',
    'times',
    'at',
    'least',
    'calendar',
    'month',
    'exists',
    'random',
    'from',
    'to',
    'segment',
    'trait',
    '`b c`',
  );

  test('random text and random words never throw anything but an EngineError', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: 'grapheme' }),
      fc.array(tokens, { maxLength: 25 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => void outcome(() => parseText(text), text)),
      { numRuns: 5_000 },
    );
  });

  test('random JSON never throws anything but an EngineError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.anything({ maxDepth: 3 })), (json) => {
        outcome(() => checkExpression(json));
        outcome(() => checkRequest(json));
        outcome(() => checkRequest({ where: json }));
      }),
      { numRuns: 2_000 },
    );
  });

  test('hostile repetition costs no more than in proportion', () => {
    const wide = { ...limits, nodeCount: 10_000_000, listLength: 10_000_000 };
    const pieces = [
      'a exists and ',
      '(',
      'not ',
      '"',
      '`',
      '``',
      'a.',
      '1',
      '-',
      '\\',
      ' ',
      'did "X" then ',
      'did "X" where (a = 1, ',
      'x in (1,',
      '"\\u0041',
      'é',
      'did "X" then "Y" without "Z" ',
      '😀',
      'in ',
      'first ',
    ];
    for (const piece of pieces) {
      // A quadratic parser would not come to the end of this within the test's limit.
      const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
      outcome(() => parseText(text, wide), undefined);
    }
  });
});
