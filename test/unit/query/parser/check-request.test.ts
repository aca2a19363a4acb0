import { describe, expect, test } from 'vitest';
import { checkRequest } from '../../../../src/query/parser/check-request.ts';

const P = { property: 'x', op: 'exists' } as const;

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
      partial: true,
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

  test.each([
    [{ as: 'aggregate', aggregate: { fn: 'percentile', p: [50, 99.9], event: 'X', property: 'a', where: [P] } }],
    [{ as: 'aggregate', aggregate: { fn: 'median', trait: 'age' } }],
    [{ as: 'breakdown', breakdown: { by: [{ trait: 'country' }], aggregate: { fn: 'avg', trait: 'age' }, limit: 3 } }],
    [
      {
        as: 'breakdown',
        breakdown: { by: [{ property: 'sku' }, { period: 'day', timeZone: 'Asia/Tokyo' }], event: 'X', where: [P] },
      },
    ],
    [{ as: 'retention', retention: { cohort: { event: 'X' }, return: { event: 'Y', where: [P] }, period: 'week' } }],
    [{ as: 'rfm', rfm: { event: 'X', amount: 'total', order: 'id', scores: 4, members: { cell: 'loyal', limit: 2 } } }],
    [{ as: 'overlap', overlap: { segments: [{ name: 'a', where: { trait: 'a', op: 'exists' } }] } }],
  ])('takes %j as it is', (request) => {
    expect(checkRequest(request)).toStrictEqual(request);
  });

  test('a name alone is a trait, and a key alone a saved segment', () => {
    expect(checkRequest({ as: 'breakdown', breakdown: { by: ['a'] } }).breakdown?.by).toEqual([{ trait: 'a' }]);
    expect(checkRequest({ as: 'overlap', overlap: { segments: ['k'] } }).overlap?.segments).toEqual([
      { name: 'k', where: { segment: 'k' } },
    ]);
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
    [{ as: 'aggregate', aggregate: { fn: 'sum', trait: 'a', where: [] } }, 'query_invalid', '/aggregate'],
    [{ as: 'aggregate', aggregate: { fn: 'percentile', trait: 'a' } }, 'query_invalid', '/aggregate/p'],
    [{ as: 'aggregate', aggregate: { fn: 'percentile', trait: 'a', p: 0 } }, 'query_invalid', '/aggregate/p'],
    [{ as: 'aggregate', aggregate: { fn: 'percentile', trait: 'a', p: [5, 101] } }, 'query_invalid', '/aggregate/p/1'],
    [{ as: 'aggregate', aggregate: { fn: 'sum', trait: 'a', p: 5 } }, 'query_invalid', '/aggregate/p'],
    [{ as: 'breakdown' }, 'query_invalid', '/breakdown'],
    [{ breakdown: { by: ['a'] } }, 'query_invalid', '/breakdown'],
    [{ as: 'breakdown', breakdown: {} }, 'query_invalid', '/breakdown/by'],
    [{ as: 'breakdown', breakdown: { by: [] } }, 'query_invalid', '/breakdown/by'],
    [{ as: 'breakdown', breakdown: { by: ['a', 'b', 'c', 'd', 'e', 'f'] } }, 'query_too_large', '/breakdown/by'],
    [{ as: 'breakdown', breakdown: { by: [{ property: 'a' }] } }, 'query_invalid', '/breakdown/by/0/property'],
    [{ as: 'breakdown', breakdown: { by: [{ trait: 'a', property: 'b' }] } }, 'query_invalid', '/breakdown/by/0'],
    [{ as: 'breakdown', breakdown: { by: ['a'], limit: 10_001 } }, 'query_invalid', '/breakdown/limit'],
    [{ as: 'breakdown', breakdown: { by: ['a'], window: { last: '1d' } } }, 'query_invalid', '/breakdown/window'],
    [
      { as: 'breakdown', breakdown: { by: ['a'], aggregate: { fn: 'sum', property: 'x' } } },
      'query_invalid',
      '/breakdown/aggregate/property',
    ],
    [
      { as: 'breakdown', breakdown: { by: [{ period: 'hour' }], event: 'X' } },
      'query_invalid',
      '/breakdown/by/0/period',
    ],
    [{ as: 'retention', retention: { period: 'day' } }, 'query_invalid', '/retention/cohort'],
    [{ as: 'retention', retention: { cohort: { event: 'X' }, period: 'year' } }, 'query_invalid', '/retention/period'],
    [
      { as: 'retention', retention: { cohort: { event: 'X' }, period: 'day', periods: 401 } },
      'query_invalid',
      '/retention/periods',
    ],
    [{ as: 'rfm', rfm: { event: 'X' } }, 'query_type', '/rfm/amount'],
    [{ as: 'rfm', rfm: { event: 'X', amount: 'a', scores: 11 } }, 'query_invalid', '/rfm/scores'],
    [{ as: 'rfm', rfm: { event: 'X', amount: 'a', members: { cell: 'best' } } }, 'query_invalid', '/rfm/members/cell'],
    [{ as: 'overlap', overlap: {} }, 'query_invalid', '/overlap/segments'],
    [{ as: 'overlap', overlap: { segments: ['a', 'a'] } }, 'query_invalid', '/overlap/segments/1'],
    [{ as: 'overlap', overlap: { segments: [{ name: 'a' }] } }, 'query_invalid', '/overlap/segments/0/where'],
    [
      { as: 'overlap', overlap: { segments: Array.from({ length: 101 }, (_, i) => `s${i}`) } },
      'query_too_large',
      '/overlap/segments',
    ],
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
