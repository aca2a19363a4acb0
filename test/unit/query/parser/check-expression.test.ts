import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../src/model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../../../src/model/limits.ts';
import { checkExpression } from '../../../../src/query/parser/check-expression.ts';

function errorOf(json: unknown, limits = DEFAULT_QUERY_LIMITS): EngineError {
  try {
    checkExpression(json, limits);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error(`no error for ${JSON.stringify(json)}`);
}

const leaf = { trait: 'a', op: 'exists' };

describe('the normal form', () => {
  test.each<[string, unknown, unknown]>([
    ['one entry stands alone', { and: [{ or: [leaf] }] }, leaf],
    ['empty lists stay', { and: [{ and: [] }, { or: [] }] }, { and: [{ and: [] }, { or: [] }] }],
    ['nested lists stay nested', { and: [{ and: [leaf, leaf] }, leaf] }, { and: [{ and: [leaf, leaf] }, leaf] }],
    ['an empty where is left out', { event: 'X', where: [] }, { event: 'X' }],
    ['−0 is 0', { trait: 'a', op: 'in', value: [-0, 1] }, { trait: 'a', op: 'in', value: [0, 1] }],
    ['undefined is absent', { event: 'X', count: undefined, window: undefined }, { event: 'X' }],
    [
      'a sequence of one plain step is a condition',
      { sequence: [{ event: 'X', where: [] }], window: { last: '1d' } },
      { event: 'X', window: { last: '1d' } },
    ],
    [
      'a sequence of one first step stays',
      { sequence: [{ event: 'X', nth: 'first' }] },
      { sequence: [{ event: 'X', nth: 'first' }] },
    ],
    [
      'names that objects inherit are ordinary',
      { trait: '__proto__', op: 'eq', value: 'constructor' },
      { trait: '__proto__', op: 'eq', value: 'constructor' },
    ],
    [
      'field references are kept',
      { trait: 'a', op: 'gte', value: { trait: 'b' } },
      { trait: 'a', op: 'gte', value: { trait: 'b' } },
    ],
  ])('%s', (_, json, expected) => expect(checkExpression(json)).toStrictEqual(expected));
});

describe('mistakes in JSON', () => {
  const predicate = (value: object): object => ({ event: 'X', where: [{ property: 'p', op: 'eq', value: 1 }, value] });
  test.each<[unknown, string, string, string]>([
    [null, 'query_invalid', '', 'must be an object, not null'],
    ['x', 'query_invalid', '', 'not the text "x"'],
    [[], 'query_invalid', '', 'not a list'],
    [{}, 'query_invalid', '', '{"and":[]} for everyone'],
    [{ trit: 'a' }, 'query_invalid', '/trit', 'did you mean "trait"?'],
    [{ zzz: 1 }, 'query_invalid', '/zzz', 'and, or, not, trait'],
    [JSON.parse('{"__proto__":{"trait":"a"}}'), 'query_invalid', '/__proto__', 'cannot begin with "__proto__"'],
    [JSON.parse('{"trait":"a","op":"exists","__proto__":1}'), 'query_invalid', '/__proto__', 'has no "__proto__"'],
    [{ 'a/b~c': 1 }, 'query_invalid', '/a~1b~0c', 'cannot begin'],
    [{ property: 'a', op: 'exists' }, 'query_invalid', '/property', 'belongs inside the "where"'],
    [{ and: leaf }, 'query_type', '/and', 'needs a list of conditions'],
    [{ and: [leaf], or: [leaf] }, 'query_invalid', '/or', 'no "or"'],
    [{ and: [leaf, { not: [leaf] }] }, 'query_invalid', '/and/1/not', 'must be an object'],
    [{ trait: '', op: 'exists' }, 'query_invalid', '/trait', 'must not be empty'],
    [{ trait: 3, op: 'exists' }, 'query_type', '/trait', 'must be a text'],
    [{ trait: 'a' }, 'query_invalid', '/op', 'the operator is missing'],
    [{ trait: 'a', op: 'equals', value: 1 }, 'query_invalid', '/op', 'did you mean "eq"?'],
    [{ trait: 'a', op: '>=', value: 1 }, 'query_invalid', '/op', 'did you mean "gte"?'],
    [{ trait: 'a', op: 'exist' }, 'query_invalid', '/op', 'did you mean "exists"?'],
    [{ trait: 'a', op: 'toString', value: 1 }, 'query_invalid', '/op', 'does not exist'],
    [{ trait: 'a', op: 'constructor', value: 1 }, 'query_invalid', '/op', 'does not exist'],
    [{ trait: 'a', op: 'eq' }, 'query_invalid', '/value', 'needs a value'],
    [{ trait: 'a', op: 'eq', valeu: 1 }, 'query_invalid', '/valeu', 'did you mean "value"?'],
    [{ trait: 'a', op: 'exists', value: 1 }, 'query_invalid', '/value', 'takes no value'],
    [{ trait: 'a', op: 'eq', value: null }, 'query_type', '/value', 'not_exists'],
    [{ trait: 'a', op: 'eq', value: [1] }, 'query_type', '/value', 'use "in" for a list'],
    [{ trait: 'a', op: 'eq', value: Number.NaN }, 'query_invalid', '/value', 'too large'],
    [{ trait: 'a', op: 'eq', value: { trait: 'b', property: 'c' } }, 'query_invalid', '/value', 'either'],
    [{ trait: 'a', op: 'eq', value: { property: 'c' } }, 'query_invalid', '/value', 'no event'],
    [{ trait: 'a', op: 'eq', value: { event: 'c' } }, 'query_invalid', '/value/event', 'has no "event"'],
    [{ trait: 'a', op: 'in', value: 1 }, 'query_type', '/value', 'must be a list'],
    [{ trait: 'a', op: 'in', value: [1, null] }, 'query_type', '/value/1', 'null'],
    [{ trait: 'a', op: 'in', value: { trait: 'b' } }, 'query_type', '/value', 'must be a list'],
    [{ trait: 'a', op: 'lt', value: true }, 'query_type', '/value', 'a number, a date or a text'],
    [{ trait: 'a', op: 'between', value: [1] }, 'query_invalid', '/value', 'two values'],
    [{ trait: 'a', op: 'between', value: [1, '2'] }, 'query_type', '/value', 'two numbers, two dates'],
    [{ trait: 'a', op: 'between', value: [2, 1] }, 'query_invalid', '/value', 'smaller value first'],
    [{ trait: 'a', op: 'between', value: ['2024-01-01', 'x'] }, 'query_type', '/value', 'one of each'],
    [
      { trait: 'a', op: 'between', value: ['2024-01-02', '2024-01-01'] },
      'query_invalid',
      '/value',
      'earlier date first',
    ],
    [{ trait: 'a', op: 'between', value: [true, false] }, 'query_type', '/value/0', 'number'],
    [{ trait: 'a', op: 'starts_with', value: 1 }, 'query_type', '/value', 'needs a text'],
    [{ trait: 'a', op: 'before', value: '2024-02-30' }, 'query_type', '/value', 'a date such as'],
    [{ trait: 'a', op: 'within_last', value: 7 }, 'query_type', '/value', 'a duration'],
    [{ trait: 'a', op: 'within_last', value: '7 days' }, 'query_invalid', '/value', 'ms, s, m, h, d, w'],
    [{ trait: 'a', op: 'matches', value: 1 }, 'query_type', '/value', 'regular expression'],
    [{ trait: 'a', op: 'matches', value: 'a(?=b)' }, 'query_invalid', '/value', 'look-ahead at position 1'],
    [{ event: 'X', count: { op: 'gte', value: 1 }, aggregate: {} }, 'query_invalid', '/aggregate', 'not both'],
    [{ event: 'X', count: { op: 'gte', value: -1 } }, 'query_invalid', '/count/value', '0 or more'],
    [{ event: 'X', count: { op: 'gte', value: 1.5 } }, 'query_invalid', '/count/value', 'whole number'],
    [{ event: 'X', count: { op: 'gte', value: '1' } }, 'query_type', '/count/value', 'whole number'],
    [{ event: 'X', count: { op: 'gte' } }, 'query_type', '/count/value', 'not nothing'],
    [{ event: 'X', count: { op: 'in', value: [1] } }, 'query_invalid', '/count/op', 'cannot be "in"'],
    [{ event: 'X', count: { op: 'between', value: [3, 2] } }, 'query_invalid', '/count/value', 'smaller count first'],
    [{ event: 'X', wher: [] }, 'query_invalid', '/wher', 'did you mean "where"?'],
    [predicate({ property: 'p', op: 'eq' }), 'query_invalid', '/where/1/value', 'needs a value'],
    [predicate({ trait: 'p', op: 'exists' }), 'query_invalid', '/where/1/trait', 'has no "trait"'],
    [
      { event: 'X', aggregate: { fn: 'median', property: 'p', op: 'eq', value: 1 } },
      'query_invalid',
      '/aggregate/fn',
      'sum, avg',
    ],
    [
      { event: 'X', aggregate: { fn: 'sum', op: 'eq', value: 1 } },
      'query_type',
      '/aggregate/property',
      'must be a text',
    ],
    [
      { event: 'X', aggregate: { fn: 'sum', property: 'p', op: 'contains', value: 1 } },
      'query_type',
      '/aggregate/op',
      'only "first" and "last"',
    ],
    [
      { event: 'X', aggregate: { fn: 'sum', property: 'p', op: 'in', value: [1, 'a'] } },
      'query_type',
      '/aggregate/value',
      'gives a number',
    ],
    [{ event: 'X', window: {} }, 'query_invalid', '/window', 'leave it out'],
    [{ event: 'X', window: { last: '1y' } }, 'query_invalid', '/window/last', '"last"'],
    [
      { event: 'X', window: { last: '1d', from: '2024-01-01' } },
      'query_invalid',
      '/window/from',
      'does not go with "last"',
    ],
    [{ event: 'X', window: { last: '1d', offset: 1 } }, 'query_invalid', '/window/offset', 'belongs to a "calendar"'],
    [{ event: 'X', window: { offset: 1 } }, 'query_invalid', '/window/offset', 'belongs to a "calendar"'],
    [{ event: 'X', window: { between: ['30d', '90d'] } }, 'query_invalid', '/window/between', 'longer one is first'],
    [{ event: 'X', window: { between: ['30d'] } }, 'query_invalid', '/window/between', 'two durations'],
    [{ event: 'X', window: { from: '2024-02-01', to: '2024-01-01' } }, 'query_invalid', '/window', 'before "to"'],
    [{ event: 'X', window: { from: 'now' } }, 'query_type', '/window/from', 'a date such as'],
    [{ event: 'X', window: { calendar: 'days' } }, 'query_invalid', '/window/calendar', 'did you mean "day"?'],
    [{ event: 'X', window: { calendar: 'year', offset: 101 } }, 'query_invalid', '/window/offset', 'from -100 to 100'],
    [
      { event: 'X', window: { calendar: 'day', timeZone: 'Mars/Base' } },
      'query_invalid',
      '/window/timeZone',
      'not a time zone',
    ],
    [{ sequence: [] }, 'query_invalid', '/sequence', 'at least one step'],
    [{ sequence: [{ event: 'A', within: '1d' }, { event: 'B' }] }, 'query_invalid', '/sequence/0/within', 'first step'],
    [
      { sequence: [{ event: 'A' }, { event: 'B', nth: 'last' }] },
      'query_invalid',
      '/sequence/1/nth',
      'it is one of first',
    ],
    [
      { sequence: [{ event: 'A' }, { event: 'B', without: { event: '' } }] },
      'query_invalid',
      '/sequence/1/without/event',
      'empty',
    ],
    [{ sequence: [{ event: 'A' }, { event: 'B', count: {} }] }, 'query_invalid', '/sequence/1/count', 'has no "count"'],
    [{ segment: '' }, 'query_invalid', '/segment', 'empty'],
    [{ random: { salt: 's', from: 0.5, to: 0.1 } }, 'query_invalid', '/random', 'not be more'],
    [{ random: { salt: 's', from: 0, to: 1.1 } }, 'query_invalid', '/random/to', 'from 0 to 1'],
    [{ random: { from: 0, to: 1 } }, 'query_type', '/random/salt', 'must be a text'],
  ])('%j', (json, code, path, message) => {
    const error = errorOf(json);
    expect(error.message).toContain(message);
    expect({ code: error.code, path: error.details?.['path'] }).toEqual({ code, path });
  });

  test('cut what they quote', () => {
    expect(errorOf({ trait: 'a', op: 'x'.repeat(1_000_000) }).message.length).toBeLessThan(500);
    expect(errorOf({ ['k'.repeat(1_000_000)]: 1 }).message.length).toBeLessThan(500);
  });
});

describe('limits', () => {
  test('hostile nesting is refused without recursion into it', () => {
    let json: unknown = leaf;
    for (let depth = 0; depth < 200_000; depth++) json = depth % 2 === 0 ? { not: json } : { and: [json] };
    expect(errorOf(json).code).toBe('query_too_large');
    const cycle: { not?: unknown } = {};
    cycle.not = cycle;
    expect(errorOf(cycle).code).toBe('query_too_large');
  });

  test('nodes, lists and patterns are bounded', () => {
    const limits = { ...DEFAULT_QUERY_LIMITS, nodeCount: 10, listLength: 4, patternLength: 5 };
    const where = (count: number): object[] => Array(count).fill({ property: 'p', op: 'exists' });
    expect(errorOf({ or: Array(10).fill(leaf) }, limits)).toMatchObject({
      code: 'query_too_large',
      details: { path: '/or/9' },
    });
    expect(checkExpression({ or: Array(9).fill(leaf) }, limits)).toBeDefined();
    expect(errorOf({ and: [1, 2, 3].map(() => ({ event: 'X', where: where(4) })) }, limits).code).toBe(
      'query_too_large',
    );
    expect(errorOf({ trait: 'a', op: 'in', value: [1, 2, 3, 4, 5] }, limits).code).toBe('query_too_large');
    expect(errorOf({ trait: 'a', op: 'matches', value: 'abcdef' }, limits).code).toBe('query_too_large');
  });
});
