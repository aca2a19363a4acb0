/** The funnel of a request: what passes, and what is refused and where. */
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../../src/model/error.ts';
import { checkRequest } from '../../../../src/query/parser/check-request.ts';

const steps = [{ event: 'Page Viewed' }, { event: 'Order Completed', without: { event: 'Cart Emptied' } }];

function refusal(request: unknown): { code: string; path: unknown } {
  try {
    checkRequest(request);
  } catch (error) {
    if (error instanceof EngineError) return { code: error.code, path: error.details?.['path'] };
    throw error;
  }
  throw new Error('it was not refused');
}

describe('a funnel', () => {
  it('passes with all its parts, "by" in one form', () => {
    const where = [{ property: 'total', op: 'gte', value: 20 }];
    const funnel = { steps: [{ ...steps[0], where }, steps[1]], within: '7d', window: { last: '30d' }, limit: 5 };
    expect(checkRequest({ as: 'funnel', funnel: { ...funnel, by: 'plan' } }).funnel).toEqual({
      ...funnel,
      by: { trait: 'plan' },
    });
    expect(checkRequest({ as: 'funnel', funnel: { ...funnel, by: { property: 'sku' } } }).funnel?.by).toEqual({
      property: 'sku',
    });
    expect(checkRequest({ as: 'funnel', funnel: { steps: [steps[0]] } }).funnel).toEqual({ steps: [steps[0]] });
  });

  it.each([
    ['query_invalid', '/funnel', { as: 'funnel' }],
    ['query_invalid', '/funnel', { as: 'count', funnel: { steps } }],
    ['query_invalid', '/funnel/steps', { as: 'funnel', funnel: {} }],
    ['query_invalid', '/funnel/steps', { as: 'funnel', funnel: { steps: [] } }],
    ['query_too_large', '/funnel/steps', { as: 'funnel', funnel: { steps: Array(21).fill(steps[0]) } }],
    ['query_invalid', '/funnel/steps/0/without', { as: 'funnel', funnel: { steps: [steps[1]] } }],
    ['query_invalid', '/funnel/steps/0/within', { as: 'funnel', funnel: { steps: [{ ...steps[0], within: '1d' }] } }],
    ['query_type', '/funnel/steps/0/event', { as: 'funnel', funnel: { steps: [{}] } }],
    ['query_invalid', '/funnel/within', { as: 'funnel', funnel: { steps, within: 'soon' } }],
    ['query_invalid', '/funnel/by', { as: 'funnel', funnel: { steps, by: { trait: 'a', property: 'b' } } }],
    ['query_invalid', '/funnel/limit', { as: 'funnel', funnel: { steps, limit: 0 } }],
  ])('is refused with %s at %s', (code, path, request) => {
    expect(refusal(request)).toEqual({ code, path });
  });
});
