import { describe, expect, test } from 'vitest';
import { checkRequest } from '../../../../src/query/parser/check-request.ts';

describe('checkRequest', () => {
  test('gives back what it knows, with a text parsed', () => {
    const request = {
      as: 'ids',
      limit: 10,
      cursor: 'c',
      fields: ['email'],
      events: 3,
      at: '2024-01-01',
      timeoutMs: 500,
      where: { and: [{ trait: 'a', op: 'exists' }] },
    };
    expect(checkRequest(request)).toStrictEqual({ ...request, where: { trait: 'a', op: 'exists' } });
    expect(checkRequest({ where: 'a exists' })).toStrictEqual({ where: { trait: 'a', op: 'exists' } });
    expect(checkRequest({})).toStrictEqual({});
  });

  test('takes aggregates over an event property or a trait', () => {
    const ofEvent = { fn: 'sum', event: 'X', property: 'total', window: { last: '30d' } };
    expect(checkRequest({ as: 'aggregate', aggregate: ofEvent })).toStrictEqual({
      as: 'aggregate',
      aggregate: ofEvent,
    });
    expect(checkRequest({ as: 'aggregate', aggregate: { fn: 'avg', trait: 'age' } }).aggregate).toEqual({
      fn: 'avg',
      trait: 'age',
    });
  });

  test.each<[unknown, string, string | undefined]>([
    [null, 'query_invalid', ''],
    [[], 'query_invalid', ''],
    [{ were: 'a exists' }, 'query_invalid', '/were'],
    [{ where: 3 }, 'query_invalid', '/where'],
    [{ where: { and: [{ trait: 'a', op: 'equals', value: 1 }] } }, 'query_invalid', '/where/and/0/op'],
    [{ where: 'a exist' }, 'query_syntax', undefined],
    [{ as: 'list' }, 'query_invalid', '/as'],
    [{ limit: 0 }, 'query_invalid', '/limit'],
    [{ limit: 1_000_001 }, 'query_invalid', '/limit'],
    [{ limit: '10' }, 'query_type', '/limit'],
    [{ cursor: 3 }, 'query_type', '/cursor'],
    [{ fields: 'a' }, 'query_type', '/fields'],
    [{ fields: [''] }, 'query_invalid', '/fields/0'],
    [{ events: -1 }, 'query_invalid', '/events'],
    [{ at: 'yesterday' }, 'query_type', '/at'],
    [{ at: '0001-01-01' }, 'query_invalid', '/at'],
    [{ timeoutMs: 0 }, 'query_invalid', '/timeoutMs'],
    [{ as: 'aggregate' }, 'query_invalid', '/aggregate'],
    [{ aggregate: { fn: 'sum', trait: 'a' } }, 'query_invalid', '/aggregate'],
    [{ as: 'aggregate', aggregate: { fn: 'sum' } }, 'query_invalid', '/aggregate'],
    [{ as: 'aggregate', aggregate: { fn: 'sum', event: 'X' } }, 'query_invalid', '/aggregate'],
    [{ as: 'aggregate', aggregate: { fn: 'sum', trait: 'a', window: { last: '1d' } } }, 'query_invalid', '/aggregate'],
    [{ as: 'aggregate', aggregate: { fn: 'total', trait: 'a' } }, 'query_invalid', '/aggregate/fn'],
  ])('%j is refused', (json, code, path) => {
    let error: unknown;
    try {
      checkRequest(json);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'EngineError', code });
    if (path !== undefined) expect(error).toMatchObject({ details: { path } });
  });
});
