/**
 * A breakdown's second half, and what is done with the parts of shards, go in slices and stop when nobody waits any more. Turns are counted
 * and given by the test; the clock plays no part.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerBreakdown } from '../../../../src/engine/answer/breakdown.ts';
import { aimOf } from '../../../../src/engine/answer/breakdown-aim.ts';
import { Question } from '../../../../src/engine/answer/question.ts';
import type { BreakdownRequest } from '../../../../src/model/analysis.ts';
import { ProfileRenderer } from '../../../../src/profile/profile-renderer.ts';
import { captureBreakdown } from '../../../../src/query/execution/breakdown.ts';
import { newControl, stop } from '../../../../src/query/execution/chunk-claim.ts';
import { GroupIndex } from '../../../../src/query/execution/group-index.ts';
import { inSlices, SLICE_NS } from '../../../../src/query/execution/pace.ts';
import { askTogether, ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import type { TallyScan } from '../../../../src/query/execution/tally-input.ts';
import { tallySteps } from '../../../../src/query/execution/tally-scan.ts';
import { checkRequest } from '../../../../src/query/parser/check-request.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import type { Shard } from '../../../../src/shard/shard.ts';
import { HASH_SEED, identify, NOW_MS, track, World } from './world.ts';

const ROWS = 20_000;
const EVENTS = 150_000;
const world = new World();
let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(1);
  world.apply(Array.from({ length: ROWS }, (_, i) => identify(`u${i}`, { age: i % 90 })));
  world.apply(
    Array.from({ length: EVENTS }, (_, e) => track(`u${(e * 7) % ROWS}`, 'X', 1, { k: e % 3_000, ref: `r${e}` })),
  );
}, 120_000);
afterAll(() => pool.close());

class Turns {
  count = 0;
  onTurn: (() => void) | undefined;

  readonly next = async (): Promise<void> => {
    this.count += 1;
    this.onTurn?.();
    await Promise.resolve();
  };
}

const ON_THREAD_NS = 1e12;
const REQUESTS: Readonly<Record<string, BreakdownRequest>> = {
  'distinct profiles': { by: [{ property: 'k' }], event: 'X' },
  'a figure of events': { by: [{ property: 'k' }], event: 'X', aggregate: { fn: 'count_distinct', property: 'ref' } },
  'a figure of profiles': { by: [{ property: 'k' }], event: 'X', aggregate: { fn: 'median', trait: 'age' } },
  'more groups than bits are kept for': { by: [{ property: 'k' }], event: 'X', limit: 3_000 },
};

function queryOf(turns: Turns, workerThresholdNs: number): ShardQuery {
  return new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, yieldTurn: turns.next, workerThresholdNs });
}

/** Runs the first half, then `onTally`, and ends with the second half. */
function tallied(
  request: BreakdownRequest,
  turns: Turns,
  workerThresholdNs: number,
  caller: AbortController,
  onTally: () => void,
): Promise<unknown> {
  const index = new GroupIndex();
  const options = { nowMs: NOW_MS, signal: caller.signal };
  const question = queryOf(turns, workerThresholdNs).question({ and: [] }, options, (instant) =>
    captureBreakdown(instant, request, index),
  );
  return askTogether([question], async ([part]) => {
    const [piece] = part.pieces;
    const places = new Int32Array(index.count).fill(-1);
    const shownCount = request.limit ?? 20;
    for (let group = 0; group < shownCount; group++) places[group] = group;
    const aim = await inSlices(aimOf(piece, places, shownCount), () => undefined);
    const outcome = piece.tally(aim);
    onTally();
    return outcome;
  });
}

describe.each(Object.entries(REQUESTS))('the second half of a breakdown: %s', (_, request) => {
  it.each([
    ['leaves', undefined, 'query_cancelled'],
    ['has no more time', new DOMException('over', 'TimeoutError'), 'query_timeout'],
  ])('on the thread it stops within a slice when the caller %s', async (_caller, reason, code) => {
    const turns = new Turns();
    const caller = new AbortController();
    let before = -1;
    const answer = tallied(request, turns, ON_THREAD_NS, caller, () => {
      before = turns.count;
      turns.onTurn = () => caller.abort(reason);
    });
    await expect(answer).rejects.toMatchObject({ code });
    expect(before).toBeGreaterThan(0);
    expect(turns.count).toBeLessThanOrEqual(before + 1);
  });

  it('on a worker it stops when the caller leaves', async () => {
    const caller = new AbortController();
    const answer = tallied(request, new Turns(), 0, caller, () => caller.abort());
    await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
  });

  it('the whole answer is the same in slices, and stops wherever the caller leaves', async () => {
    const shards = [{ data: world.data, renderer: new ProfileRenderer(world.data) } as unknown as Shard];
    const ask = (turns: Turns, signal?: AbortSignal): Promise<unknown> => {
      const checked = checkRequest({ as: 'breakdown', breakdown: request });
      const queries = [queryOf(turns, ON_THREAD_NS)];
      const options = { nowMs: NOW_MS, signal };
      return answerBreakdown(new Question(checked, { and: [] }, options, { shards, queries, clock: systemClock }));
    };
    const turns = new Turns();
    const whole = await ask(turns);
    const atOnce = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
    const checked = checkRequest({ as: 'breakdown', breakdown: request });
    const parts = { shards, queries: [atOnce], clock: systemClock };
    expect(whole).toEqual(await answerBreakdown(new Question(checked, { and: [] }, { nowMs: NOW_MS }, parts)));
    expect(turns.count).toBeGreaterThan(4);
    for (let part = 1; part <= 8; part++) {
      const last = Math.max(1, Math.floor((turns.count * part) / 8));
      const some = new Turns();
      const caller = new AbortController();
      some.onTurn = () => some.count === last && caller.abort();
      await expect(ask(some, caller.signal)).rejects.toMatchObject({ code: 'query_cancelled' });
      expect(some.count).toBe(last);
    }
  });
});

describe('a tally', () => {
  const PAIRS = 300_000;
  const ROW_COUNT = 50_000;

  function scanOf(groupCount: number, isByRow: boolean, fn: TallyScan['fn']): TallyScan {
    const keys = Uint32Array.from({ length: PAIRS }, (_, n) => n % groupCount);
    const rows = Uint32Array.from({ length: PAIRS }, (_, n) => (n * 31) % ROW_COUNT);
    const values = {
      keys: isByRow ? rows : keys,
      tags: new Uint8Array(PAIRS).fill(1),
      values: Float64Array.from(keys, (key) => key / 2),
      times: new Float64Array(0),
      indexes: new Uint32Array(0),
    };
    return {
      kind: 'tally',
      pairs: [{ keys, rows }],
      starts: Uint32Array.from({ length: groupCount + 1 }, (_, key) => key),
      targets: Uint32Array.from({ length: groupCount }, (_, key) => key),
      groupCount,
      rowCount: ROW_COUNT,
      fn,
      values: fn === undefined ? [] : [values],
      isByRow,
      costNs: 1,
      chunks: Int32Array.of(0),
      control: newControl(),
    };
  }

  const SCANS: Readonly<Record<string, () => TallyScan>> = {
    'by bits': () => scanOf(10, false, undefined),
    'by laying rows out': () => scanOf(2_000, false, undefined),
    'of events’ values': () => scanOf(10, false, 'sum'),
    'of profiles’ values': () => scanOf(10, true, 'max'),
    'of profiles’ values, rows laid out': () => scanOf(2_000, true, 'max'),
  };

  it.each(Object.entries(SCANS))('%s: its pieces fit into slices, and it stops after any', (_, make) => {
    let stepCount = 0;
    for (const costNs of tallySteps(make())) {
      expect(costNs).toBeLessThanOrEqual(SLICE_NS);
      stepCount += 1;
    }
    expect(stepCount).toBeGreaterThan(10);
    for (const stopAt of [0, 1, Math.floor(stepCount / 2), stepCount - 1]) {
      const scan = make();
      const steps = tallySteps(scan);
      for (let step = 0; step < stopAt; step++) expect(steps.next().done).toBe(false);
      stop(scan.control);
      expect(steps.next()).toEqual({ done: true, value: { profiles: new Uint32Array(0), figures: [] } });
    }
  });
});
