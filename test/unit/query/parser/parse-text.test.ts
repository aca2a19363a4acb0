import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../src/model/error.ts';
import type { Expression } from '../../../../src/model/expression.ts';
import { DEFAULT_QUERY_LIMITS } from '../../../../src/model/limits.ts';
import { parseText } from '../../../../src/query/parser/parse-text.ts';
import { printExpression } from '../../../../src/query/parser/print.ts';

const order = { event: 'Order Completed' };

function errorOf(text: string): EngineError {
  try {
    parseText(text);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error(`no error for ${text}`);
}

describe('trait conditions', () => {
  test.each<[string, Expression]>([
    ['country = "DE"', { trait: 'country', op: 'eq', value: 'DE' }],
    ["country == 'DE'", { trait: 'country', op: 'eq', value: 'DE' }],
    ['vip != true', { trait: 'vip', op: 'neq', value: true }],
    ['vip <> FALSE', { trait: 'vip', op: 'neq', value: false }],
    ['address.country in ("DE", "AT")', { trait: 'address.country', op: 'in', value: ['DE', 'AT'] }],
    ['n in ()', { trait: 'n', op: 'in', value: [] }],
    ['n NOT IN (1, -2.5e3, true)', { trait: 'n', op: 'not_in', value: [1, -2500, true] }],
    ['age < 3', { trait: 'age', op: 'lt', value: 3 }],
    ['age<=-3', { trait: 'age', op: 'lte', value: -3 }],
    ['age>0.5', { trait: 'age', op: 'gt', value: 0.5 }],
    ['age >= -0', { trait: 'age', op: 'gte', value: 0 }],
    ['age between 18 and 30', { trait: 'age', op: 'between', value: [18, 30] }],
    [
      'born between "2000-01-01" and "2001-01-01"',
      { trait: 'born', op: 'between', value: ['2000-01-01', '2001-01-01'] },
    ],
    ['email exists', { trait: 'email', op: 'exists' }],
    ['plan does not exist', { trait: 'plan', op: 'not_exists' }],
    ['plan not exists', { trait: 'plan', op: 'not_exists' }],
    ['tags contains "vip"', { trait: 'tags', op: 'contains', value: 'vip' }],
    ['tags not contains 3', { trait: 'tags', op: 'not_contains', value: 3 }],
    ['tags does not contain 3', { trait: 'tags', op: 'not_contains', value: 3 }],
    ['name starts with "A"', { trait: 'name', op: 'starts_with', value: 'A' }],
    ['email ends with ".de"', { trait: 'email', op: 'ends_with', value: '.de' }],
    ['email matches "^a.*\\\\.de$"', { trait: 'email', op: 'matches', value: '^a.*\\.de$' }],
    ['signup before "2024-01-01"', { trait: 'signup', op: 'before', value: '2024-01-01' }],
    ['signup after "2024-01-01T10:00Z"', { trait: 'signup', op: 'after', value: '2024-01-01T10:00Z' }],
    ['signup within last 7d', { trait: 'signup', op: 'within_last', value: '7d' }],
    ['trial_end within next 3d', { trait: 'trial_end', op: 'within_next', value: '3d' }],
    ['last_seen older than 30d', { trait: 'last_seen', op: 'older_than', value: '30d' }],
    ['total > trait limit', { trait: 'total', op: 'gt', value: { trait: 'limit' } }],
    ['total > trait `credit limit`', { trait: 'total', op: 'gt', value: { trait: 'credit limit' } }],
    ['`any thing` = 1', { trait: 'any thing', op: 'eq', value: 1 }],
    ['`a``b\\.c` = 1', { trait: 'a`b\\.c', op: 'eq', value: 1 }],
    ['`and` exists', { trait: 'and', op: 'exists' }],
    ['last = 1', { trait: 'last', op: 'eq', value: 1 }],
    ['count > 1', { trait: 'count', op: 'gt', value: 1 }],
    ['random in (1)', { trait: 'random', op: 'in', value: [1] }],
    ['utm-source = "x"', { trait: 'utm-source', op: 'eq', value: 'x' }],
    ['größe exists', { trait: 'größe', op: 'exists' }],
    ['$browser exists', { trait: '$browser', op: 'exists' }],
    ['a = "\\u00e9\\n\\"\\/\\\\"', { trait: 'a', op: 'eq', value: 'é\n"/\\' }],
  ])('%s', (text, expected) => {
    expect(parseText(text)).toEqual(expected);
    expect(parseText(printExpression(expected))).toEqual(expected);
  });
});

describe('event conditions', () => {
  test.each<[string, Expression]>([
    ['did "Order Completed"', order],
    ['did not "Order Completed"', { ...order, count: { op: 'eq', value: 0 } }],
    ['did "Order Completed" exactly 2 times', { ...order, count: { op: 'eq', value: 2 } }],
    ['did "Order Completed" exactly 1 time', { ...order, count: { op: 'eq', value: 1 } }],
    ['did "Order Completed" not exactly 2 times', { ...order, count: { op: 'neq', value: 2 } }],
    ['did "Order Completed" at least 2 times', { ...order, count: { op: 'gte', value: 2 } }],
    ['did "Order Completed" at most 2 times', { ...order, count: { op: 'lte', value: 2 } }],
    ['did "Order Completed" more than 2 times', { ...order, count: { op: 'gt', value: 2 } }],
    ['did "Order Completed" fewer than 2 times', { ...order, count: { op: 'lt', value: 2 } }],
    ['did "Order Completed" less than 2 times', { ...order, count: { op: 'lt', value: 2 } }],
    ['did "Order Completed" between 2 and 4 times', { ...order, count: { op: 'between', value: [2, 4] } }],
    ['did "Order Completed" between 90d and 30d ago', { ...order, window: { between: ['90d', '30d'] } }],
    [
      'did "Order Completed" between 2 and 4 times between 9d and 3d ago',
      { ...order, count: { op: 'between', value: [2, 4] }, window: { between: ['9d', '3d'] } },
    ],
    [
      'did "Order Completed" in last 30d at least 2 times',
      { ...order, count: { op: 'gte', value: 2 }, window: { last: '30d' } },
    ],
    [
      'did "Order Completed" from "2024-01-01" to "2024-02-01"',
      { ...order, window: { from: '2024-01-01', to: '2024-02-01' } },
    ],
    ['did "Order Completed" since "2024-01-01"', { ...order, window: { from: '2024-01-01' } }],
    [
      'did "Order Completed" from "2024-01-01" until "2024-02-01"',
      { ...order, window: { from: '2024-01-01', to: '2024-02-01' } },
    ],
    ['did "Order Completed" to "2024-02-01"', { ...order, window: { to: '2024-02-01' } }],
    ['did "Order Completed" in calendar week', { ...order, window: { calendar: 'week' } }],
    ['did "Order Completed" in calendar quarter 0', { ...order, window: { calendar: 'quarter', offset: 0 } }],
    ['did "Order Completed" in calendar day in "UTC"', { ...order, window: { calendar: 'day', timeZone: 'UTC' } }],
    [
      'did "Order Completed" where a = 1, b exists in last 3d',
      {
        ...order,
        where: [
          { property: 'a', op: 'eq', value: 1 },
          { property: 'b', op: 'exists' },
        ],
        window: { last: '3d' },
      },
    ],
    [
      'did "Order Completed" where (a = 1, b = 2 and c = 3)',
      {
        ...order,
        where: [
          { property: 'a', op: 'eq', value: 1 },
          { property: 'b', op: 'eq', value: 2 },
          { property: 'c', op: 'eq', value: 3 },
        ],
      },
    ],
    [
      'did "Order Completed" where a between 1 and 2 between 3 and 4 times',
      { ...order, where: [{ property: 'a', op: 'between', value: [1, 2] }], count: { op: 'between', value: [3, 4] } },
    ],
    [
      'did "Order Completed" where a = property b',
      { ...order, where: [{ property: 'a', op: 'eq', value: { property: 'b' } }] },
    ],
    [
      'did "Order Completed" where a = 1 and b = 2',
      {
        and: [
          { ...order, where: [{ property: 'a', op: 'eq', value: 1 }] },
          { trait: 'b', op: 'eq', value: 2 },
        ],
      },
    ],
    ['did "Order Completed" first in last 30d', { sequence: [{ ...order, nth: 'first' }], window: { last: '30d' } }],
    ['did "A" then "B" first within 1h', { sequence: [{ event: 'A' }, { event: 'B', nth: 'first', within: '1h' }] }],
    [
      'did "A" then "B" without "C" in last 2d',
      { sequence: [{ event: 'A' }, { event: 'B', without: { event: 'C' } }], window: { last: '2d' } },
    ],
    [
      'max of total over "Order Completed" exists',
      { ...order, aggregate: { fn: 'max', property: 'total', op: 'exists' } },
    ],
    [
      'average of total over "Order Completed" between 1 and 2',
      { ...order, aggregate: { fn: 'avg', property: 'total', op: 'between', value: [1, 2] } },
    ],
    [
      'min of total over "Order Completed" where a = 1 in last 2d in (1, 2)',
      {
        ...order,
        where: [{ property: 'a', op: 'eq', value: 1 }],
        aggregate: { fn: 'min', property: 'total', op: 'in', value: [1, 2] },
        window: { last: '2d' },
      },
    ],
    [
      'first of sku over "Order Completed" in calendar month in ("A")',
      { ...order, aggregate: { fn: 'first', property: 'sku', op: 'in', value: ['A'] }, window: { calendar: 'month' } },
    ],
    [
      'last of sku over "Order Completed" starts with "A"',
      { ...order, aggregate: { fn: 'last', property: 'sku', op: 'starts_with', value: 'A' } },
    ],
    [
      'Count Distinct Of sku Over "Order Completed" not in (2)',
      { ...order, aggregate: { fn: 'count_distinct', property: 'sku', op: 'not_in', value: [2] } },
    ],
  ])('%s', (text, expected) => {
    expect(parseText(text)).toEqual(expected);
    expect(parseText(printExpression(expected))).toEqual(expected);
  });
});

describe('connectives', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((trait): Expression => ({ trait, op: 'exists' }));
  test.each<[string, Expression]>([
    ['a exists or b exists and c exists', { or: [a, { and: [b, c] }] }],
    ['(a exists or b exists) and c exists', { and: [{ or: [a, b] }, c] }],
    ['a exists and (b exists and c exists)', { and: [a, { and: [b, c] }] }],
    ['not a exists and b exists', { and: [{ not: a }, b] }],
    ['not (a exists and b exists)', { not: { and: [a, b] } }],
    ['not not a exists', { not: { not: a } }],
    ['((a exists))', a],
    ['not in segment "my segment"', { not: { segment: 'my segment' } }],
    ['in segment vip-de or in segment `a`', { or: [{ segment: 'vip-de' }, { segment: 'a' }] }],
    ['no one', { or: [] }],
    ['everyone and not no one', { and: [{ and: [] }, { not: { or: [] } }] }],
    ['random "x" from 0.1 to 1', { random: { salt: 'x', from: 0.1, to: 1 } }],
    ['not did "X" at least 2 times', { not: { event: 'X', count: { op: 'gte', value: 2 } } }],
    ['\n a exists\r\n\tand\u00a0b exists\n', { and: [a, b] }],
  ])('%j', (text, expected) => {
    expect(parseText(text)).toEqual(expected);
    expect(parseText(printExpression(expected))).toEqual(expected);
  });
});

describe('mistakes in a text', () => {
  // `«` and `»` stand around what the span must cover.
  test.each<[string, string, string, string?]>([
    ['«»', 'query_syntax', 'expected'],
    ['country «eqals» "DE"', 'query_syntax', 'an operator such as ='],
    ['country «is» "DE"', 'query_syntax', 'is not an operator', '='],
    ['country «contians» "DE"', 'query_syntax', 'an operator', 'contains'],
    ['country = «DE»', 'query_syntax', 'a text in quotes, a number, true or false (a text stands in quotes: "DE")'],
    ['country = «null»', 'query_syntax', 'not exists'],
    ['country = "DE" «adn» b = 1', 'query_syntax', '"and", "or" or the end of the query', 'and'],
    ['did «Order»', 'query_syntax', 'a text in quotes'],
    ['did "X" at «leest» 3 times', 'query_syntax', '"least" or "most"', 'least'],
    ['did "X" at least 3 «tmes»', 'query_syntax', '"times" or "time"', 'times'],
    ['did "X" at least «three» times', 'query_syntax', 'a number'],
    ['did "X" in «lsat» 3d', 'query_syntax', '"last" or "calendar"', 'last'],
    ['did "X" «3» times', 'query_syntax', 'how it is meant', 'exactly'],
    ['signup in «last» 7d', 'query_syntax', 'window of an event', 'within last'],
    ['did "X" in last «30»', 'query_syntax', 'a duration such as 30d'],
    ['did "X" in last «30days»', 'query_syntax', 'not a number or a duration', '30d'],
    ['did "X" in last «30D»', 'query_syntax', 'not a number or a duration', '30d'],
    ['did "X" in last «3months»', 'query_syntax', 'not a number or a duration'],
    ['did "X" in calendar «mnoth»', 'query_syntax', '"day", "week", "month", "quarter" or "year"', 'month'],
    ['did "X" «thne» "Y"', 'query_syntax', 'the end of the query', 'then'],
    ['did "X" in last 3d in last «»', 'query_syntax', 'duration'],
    ['did "X" exactly 1 times «exactly» 2 times', 'query_syntax', 'two of the same kind'],
    ['did "A" «in last 3d» then "B"', 'query_syntax', 'after its last step'],
    ['did «"A"» at least 2 times then "B"', 'query_syntax', 'no count'],
    ['did «"A"» within 3d', 'query_syntax', 'in last'],
    ['did not «"A"» at least 3 times', 'query_syntax', 'not (did …)'],
    ['«then» = 1', 'query_syntax', '(a field of that name is written `then`)'],
    ['(a = 1', 'query_syntax', 'but the query ends here'],
    ['a = 1«)»', 'query_syntax', '"and", "or" or the end of the query'],
    ['a = «"»DE', 'query_syntax', 'quote'],
    ['a = "D«\\q»"', 'query_syntax', 'escape'],
    ['a = "D«\n»"', 'query_syntax', 'one line'],
    ['«`»abc', 'query_syntax', 'backquote'],
    ['«``» = 1', 'query_syntax', 'empty'],
    ['a = 1 «&»& b = 1', 'query_syntax', 'no meaning', 'and'],
    ['a = «“»DE”', 'query_syntax', 'no meaning', '"'],
    ['a = «1e999»', 'query_syntax', 'too large'],
    ['a = 1 and «😀»', 'query_syntax', 'no meaning'],
    ['b = 1 and a > «true»', 'query_type', '"gt" needs a number'],
    ['a before «"tomorrow"»', 'query_type', 'date'],
    ['a between «1 and "x"»', 'query_type', 'two numbers'],
    ['a between «3 and 1»', 'query_invalid', 'smaller value first'],
    ['a matches «"("»', 'query_invalid', 'regular expression'],
    ['a = «property b»', 'query_invalid', 'no event'],
    ['did "X" where (a = 1 and b before «3»)', 'query_type', 'date'],
    ['did "X" «at least -1 times»', 'query_invalid', '0 or more'],
    ['did "X" «at least 1.5 times»', 'query_invalid', 'whole number'],
    ['did "X" «between 3d and 9d ago»', 'query_invalid', 'longer one is first'],
    ['did "X" «in calendar day in "Mars"»', 'query_invalid', 'not a time zone'],
    ['sum of a over "X" = «"b"»', 'query_type', 'gives a number'],
    ['«random "x" from 0.5 to 0.1»', 'query_invalid', '"from"'],
    ['a = 1 or «random "x" from 0 to 2»', 'query_invalid', 'from 0 to 1'],
  ])('%s', (marked, code, message, suggestion) => {
    const text = marked.replace(/[«»]/g, '');
    const error = errorOf(text);
    expect(error.message).toContain(message);
    expect(error.code).toBe(code);
    if (marked.includes('«')) {
      const start = marked.indexOf('«');
      expect(error.span).toEqual({ start, end: marked.indexOf('»') - 1 });
    } else expect(error.span).toEqual({ start: text.length, end: text.length });
    expect(error.details?.['suggestion']).toBe(suggestion);
  });

  test('are bounded in length, depth and number', () => {
    const limits = {
      ...DEFAULT_QUERY_LIMITS,
      textLength: 300_000,
      depth: 8,
      nodeCount: 20,
      eventNodeCount: 3,
      listLength: 5,
      patternLength: 3,
    };
    const tooLarge = expect.objectContaining({ code: 'query_too_large' });
    expect(() => parseText(' '.repeat(300_001), limits)).toThrow(tooLarge);
    expect(() => parseText(`${'('.repeat(200_000)}a`, limits)).toThrow(tooLarge);
    expect(() => parseText(`${'not '.repeat(50_000)}a exists`, limits)).toThrow(tooLarge);
    expect(() => parseText(Array(21).fill('a exists').join(' and '), limits)).toThrow(tooLarge);
    expect(() => parseText('did "A" where (b = 1, c = 2) or did "B"', limits)).toThrow(tooLarge);
    expect(() => parseText('did "A" then "B" without "C" where d = 1', limits)).toThrow(tooLarge);
    expect(parseText('did "A" where b = 1 or did "B" or c = 2', limits)).toBeDefined();
    expect(() => parseText('a in (1,2,3,4,5,6)', limits)).toThrow(tooLarge);
    expect(() => parseText('a matches "abcd"', limits)).toThrow(tooLarge);
    expect(parseText('not (not (not (not a exists)))', limits)).toBeDefined();
  });
});
