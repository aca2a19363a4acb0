/** Why: truth, what was seen, and the first later moment of change, held against the naive model at every moment that could matter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Expression } from '../../../../src/model/expression.ts';
import type { WhyNode } from '../../../../src/model/segment.ts';
import { explain } from '../../../../src/query/evaluation/why.ts';
import { expression } from '../../../oracle/generate/expression.ts';
import { durationMsOf } from '../../../oracle/naive/duration.ts';
import { instantOf } from '../../../oracle/naive/instant.ts';
import { DAY_MS, type Item, identify, NOW_MS, track, World } from '../execution/world.ts';
import { comparison, items, worldOf } from './random-world.ts';

const SEED = Number(process.env['KITH_ORACLE_SEED'] ?? 20_240_615);
const RUNS = 3 * Number(process.env['KITH_ORACLE_ROUNDS'] ?? 1);

function why(world: World, id: string, where: Expression, segments: Record<string, Expression> = {}): WhyNode {
  const row = world.ids.indexOf(id);
  return explain(where, { data: world.data, row, nowMs: NOW_MS, definition: (key) => segments[key] });
}

/** Every text of a document, wherever it stands. */
function textsOf(json: unknown): string[] {
  if (typeof json === 'string') return [json];
  return typeof json === 'object' && json !== null ? Object.values(json).flatMap(textsOf) : [];
}

/** Moments at which anything could change: all dates and times sent, each moved by all durations asked, and days for calendars. */
function momentsOf(sent: readonly Item[], where: Expression): number[] {
  const instants = textsOf(sent)
    .map(instantOf)
    .filter((ms) => ms !== undefined);
  const durations = textsOf(where)
    .filter((text) => /^\d+(ms|s|m|h|d|w)$/.test(text))
    .map(durationMsOf);
  const moments = new Set<number>();
  for (const instant of instants) {
    for (const move of [0, ...durations, ...durations.map((ms) => -ms)]) {
      for (const aside of [-1, 0, 1]) moments.add(instant + move + aside);
    }
  }
  if (JSON.stringify(where).includes('"calendar"')) {
    for (let hour = 0; hour < 24 * 30; hour++)
      moments.add(Math.ceil(NOW_MS / 3_600_000) * 3_600_000 + hour * 3_600_000);
    for (let quarter = 0; quarter < 90; quarter++) {
      const month = Date.UTC(2024, 6 + quarter, 1);
      for (let hour = -14; hour <= 14; hour++)
        for (const aside of [-1, 0]) moments.add(month + hour * 3_600_000 + aside);
    }
  }
  return [...moments].filter((ms) => ms > NOW_MS && ms < Date.UTC(2031, 1, 1)).sort((a, b) => a - b);
}

/** The moment of the first change by trying them all; and that the answer's own moment is a change to the millisecond. */
function assertChanges(world: World, sent: readonly Item[], where: Expression): void {
  const text = JSON.stringify(where);
  const open = new Map(world.ids.map((id) => [id, why(world, id, where)]));
  const now = world.naive.query(where, { nowMs: NOW_MS });
  for (const [id, node] of open) {
    expect(node.isTrue, `${id} ${text}`).toBe(now.has(id));
    if (node.changesAt === null) continue;
    const changesAtMs = Date.parse(node.changesAt);
    expect(world.naive.query(where, { nowMs: changesAtMs }).has(id), `${id} at ${node.changesAt} ${text}`).toBe(
      !node.isTrue,
    );
    expect(world.naive.query(where, { nowMs: changesAtMs - 1 }).has(id), `${id} before ${node.changesAt} ${text}`).toBe(
      node.isTrue,
    );
  }
  for (const moment of momentsOf(sent, where)) {
    const then = world.naive.query(where, { nowMs: moment });
    for (const [id, node] of open) {
      if (node.changesAt !== null && moment >= Date.parse(node.changesAt)) open.delete(id);
      else
        expect(then.has(id), `${id} ${text} at ${new Date(moment).toISOString()}, not ${node.changesAt}`).toBe(
          node.isTrue,
        );
    }
    if (open.size === 0) return;
  }
}

describe('changesAt', () => {
  it('is the first moment at which the naive model changes its mind', () => {
    const timed = fc
      .oneof({ weight: 4, arbitrary: expression(NOW_MS) }, { weight: 1, arbitrary: comparison() })
      .filter((where) => /"last"|"between":\["|"calendar"|within|older_than/.test(JSON.stringify(where)));
    fc.assert(
      fc.property(items, fc.array(timed, { minLength: 10, maxLength: 10 }), (sent, conditions) => {
        const world = worldOf(sent.slice(0, 35));
        for (const where of conditions) assertChanges(world, sent.slice(0, 35), where);
      }),
      { seed: SEED, numRuns: RUNS, endOnFailure: process.env['KITH_ORACLE_ROUNDS'] !== undefined },
    );
  }, 600_000);

  it('is exact to the millisecond at both ends of a window', () => {
    const world = new World().add(track('u1', 'Order', 3), track('u1', 'Order', -2));
    const [past, future] = [NOW_MS - 3 * DAY_MS, NOW_MS + 2 * DAY_MS];
    const at = (ms: number): string => new Date(ms).toISOString();
    const once = { event: 'Order', window: { last: '7d' } } as const;
    expect(why(world, 'u1', once)).toMatchObject({
      isTrue: true,
      saw: { count: 1 },
      changesAt: at(future + 7 * DAY_MS + 1),
    });
    const twice = { ...once, count: { op: 'gte', value: 2 } } as const;
    expect(why(world, 'u1', twice)).toMatchObject({ isTrue: false, changesAt: at(future) });
    const ago = { event: 'Order', window: { between: ['7d', '5d'] } } as const;
    expect(why(world, 'u1', ago)).toMatchObject({ isTrue: false, changesAt: at(past + 5 * DAY_MS + 1) });
  });

  it('follows local midnight', () => {
    const world = new World().add(track('u1', 'Order', 0));
    const today = { event: 'Order', window: { calendar: 'day', timeZone: 'America/New_York' } } as const;
    expect(why(world, 'u1', today)).toMatchObject({ isTrue: true, changesAt: '2024-06-16T04:00:00.000Z' });
    const before = { event: 'Order', window: { calendar: 'month', offset: -1 } } as const;
    expect(why(world, 'u1', before)).toMatchObject({ isTrue: false, changesAt: '2024-07-01T00:00:00.000Z' });
  });
});

describe('the tree', () => {
  it('tells what each leaf saw', () => {
    const world = new World().add(
      identify('u1', { country: 'DE', tags: ['a', 1], limit: 30 }),
      track('u1', 'Order', 1, { total: 20, sku: 'A' }),
      track('u1', 'Order', 2, { total: 5, sku: 'B' }),
    );
    const seen = (where: Expression): unknown => why(world, 'u1', where).saw;
    expect(seen({ trait: 'country', op: 'eq', value: 'AT' })).toEqual({ values: ['DE'] });
    expect(seen({ trait: 'tags', op: 'contains', value: { trait: 'country' } })).toEqual({
      values: ['a', 1],
      against: ['DE'],
    });
    expect(seen({ event: 'Order', window: { last: '36h' } })).toEqual({ count: 1 });
    expect(seen({ event: 'Other' })).toEqual({ count: 0 });
    const sum = { fn: 'sum', property: 'total', op: 'lt', value: { trait: 'limit' } } as const;
    expect(seen({ event: 'Order', aggregate: sum })).toEqual({ value: 25, against: [30] });
    const last = { fn: 'last', property: 'sku', op: 'eq', value: 'A' } as const;
    expect(seen({ event: 'Order', aggregate: last })).toEqual({ value: 'A' });
    expect(seen({ event: 'Other', aggregate: last })).toEqual({ value: null });
    expect(seen({ random: { salt: 's', from: 0, to: 1 } })).toEqual({ bucket: expect.any(Number) });
    const sequence = [
      { event: 'Order', where: [{ property: 'sku', op: 'eq', value: 'B' }] },
      { event: 'Order', where: [{ property: 'sku', op: 'eq', value: 'A' }] },
      { event: 'Order' },
    ] as const;
    expect(seen({ sequence })).toEqual({ steps: 2, times: ['2024-06-13T12:00:00.000Z', '2024-06-14T12:00:00.000Z'] });
  });

  it('shows a saved segment as a node of its own', () => {
    const world = new World().add(track('u1', 'Order', 1));
    const recent: Expression = { event: 'Order', window: { last: '7d' } };
    const where: Expression = { and: [{ segment: 'recent' }, { not: { segment: 'recent' } }] };
    const node = why(world, 'u1', where, { recent });
    const changesAt = new Date(NOW_MS + 6 * DAY_MS + 1).toISOString();
    const leaf = { text: 'did "Order" in last 7d', isTrue: true, changesAt, saw: { count: 1 } };
    const segment = { text: 'in segment recent', isTrue: true, changesAt, of: [leaf] };
    const negated = { text: 'not in segment recent', isTrue: false, changesAt, of: [segment] };
    const text = 'in segment recent and not in segment recent';
    expect(node).toEqual({ text, isTrue: false, changesAt: null, of: [segment, negated] });
  });
});
