import { describe, expect, test } from 'vitest';
import { BodyBudget } from '../../../src/server/http/body-budget.ts';
import { Lifecycle } from '../../../src/server/lifecycle.ts';
import { RouteMeter } from '../../../src/server/metrics/route-meter.ts';
import { Credit } from '../../../src/server/stream/credit.ts';

describe('Credit', () => {
  test('admits twice the credit, refuses as many in a row as the credit, then gives up', () => {
    const credit = new Credit(2);
    expect(Array.from({ length: 7 }, () => credit.take())).toEqual([
      'admitted',
      'admitted',
      'admitted',
      'admitted',
      'refused',
      'refused',
      'exhausted',
    ]);
  });

  test('forgives when use falls back inside the credit', () => {
    const credit = new Credit(1);
    expect([credit.take(), credit.take(), credit.take()]).toEqual(['admitted', 'admitted', 'refused']);
    credit.giveBack();
    expect([credit.take(), credit.take(), credit.usedFrames]).toEqual(['admitted', 'refused', 2]);
  });
});

test('BodyBudget never lends more than it has', () => {
  const budget = new BodyBudget(10);
  expect([budget.reserve(6), budget.reserve(5), budget.reserve(4), budget.reserve(1)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  budget.release(6);
  expect([budget.reserve(6), budget.usedBytes]).toEqual([true, 10]);
});

describe('Lifecycle', () => {
  test('is idle at once, when the last ends, or not in time', async () => {
    expect(await new Lifecycle().close(1_000)).toBe(true);
    const busy = new Lifecycle();
    busy.begin();
    busy.begin();
    const closing = busy.close(60_000);
    expect(busy.isClosing).toBe(true);
    busy.end();
    busy.end();
    expect(await closing).toBe(true);
    const stuck = new Lifecycle();
    stuck.begin();
    expect(await stuck.close(1)).toBe(false);
  });
});

describe('RouteMeter', () => {
  const bucketsOf = (...timesMs: number[]): string[] => {
    const meter = new RouteMeter('/x');
    for (const time of timesMs) meter.record(200, time);
    return meter.histogramLines('t').split('\n');
  };

  test('puts a time into the first bucket that is not smaller', () => {
    const first = (timeMs: number): string | undefined => bucketsOf(timeMs).find((line) => line.endsWith(' 1'));
    expect(first(0)).toContain('le="0.000001"');
    expect(first(0.001)).toContain('le="0.000001"');
    expect(first(0.0011)).toContain('le="0.000002"');
    expect(first(0.004)).toContain('le="0.000004"');
    expect(first(0.0041)).toContain('le="0.000008"');
    expect(first(1_000)).toContain('le="1.048576"');
    expect(first(3_600_000)).toContain('le="+Inf"');
  });

  test('counts are cumulative, sum is in seconds, statuses apart', () => {
    const lines = bucketsOf(0.001, 0.002, 500);
    expect(lines.find((line) => line.includes('+Inf'))).toMatch(/ 3$/);
    expect(lines).toContain('t_count{route="/x"} 3');
    expect(lines.find((line) => line.startsWith('t_sum'))).toBe('t_sum{route="/x"} 0.500003');
    const meter = new RouteMeter('/y');
    for (const status of [200, 404, 200, 499]) meter.record(status, 1);
    expect(meter.statuses()).toEqual([
      [200, 2],
      [404, 1],
      [499, 1],
    ]);
  });
});
