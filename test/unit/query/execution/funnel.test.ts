/** Funnels against a model that tries every choice of events, over one shard and two, on the thread and on workers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { durationMsOf } from '../../../../src/base/duration.ts';
import type { FunnelBody, FunnelRequest, FunnelStepBody, GroupValue } from '../../../../src/model/analysis.ts';
import type { Expression } from '../../../../src/model/expression.ts';
import { resolveWindow } from '../../../../src/query/binder/window.ts';
import { captureFunnel } from '../../../../src/query/execution/funnel.ts';
import { funnelBody } from '../../../../src/query/execution/funnel-body.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import {
  fits,
  itemOf,
  type PlainEvent,
  type Random,
  randomChoice,
  randomEvents,
  randomOf,
  randomStepCount,
  randomWindow,
  timelineOf,
} from './sequence-world.ts';
import { DAY_MS, HASH_SEED, identify, NOW_MS, World } from './world.ts';

let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(2);
});
afterAll(() => pool.close());

const USER_COUNT = 40;
const COUNTRIES: readonly unknown[] = ['DE', 'AT', 7, '7', true, ['FR', 'DE'], null];
const firstScalar = (value: unknown): GroupValue => (Array.isArray(value) ? value[0] : (value as GroupValue));

function randomFunnel(random: Random): FunnelRequest {
  const steps = Array.from({ length: randomStepCount(random) }, (_, i) => ({
    ...randomChoice(random),
    ...(i > 0 && random(3) === 0 ? { without: randomChoice(random) } : {}),
  }));
  const by = [undefined, { trait: 'country' }, { property: 'x' }, 'nothing'][random(5)];
  return {
    steps,
    ...(random(2) === 0 ? { within: `${random(200)}h` } : {}),
    ...randomWindow(random),
    ...(by === undefined ? {} : { by }),
    ...(random(2) === 0 ? { limit: 1 + random(3) } : {}),
  };
}

interface Journey {
  readonly depth: number;
  readonly chain: readonly PlainEvent[];
  readonly country: GroupValue;
}

function journeyOf({ steps, within, window }: FunnelRequest, history: readonly PlainEvent[], atMs?: number): Journey {
  const events = timelineOf(history, atMs);
  const range = resolveWindow(window, NOW_MS, atMs);
  const limitMs = within === undefined ? Infinity : durationMsOf(within);
  const isStep = (step: number, i: number): boolean =>
    fits(steps[step], events[i]) && events[i].timeMs >= range.fromMs && events[i].timeMs < range.untilMs;
  const next = (step: number, start: number, previous: number): number[] => {
    const found: number[] = [];
    const { without } = steps[step];
    for (let i = previous + 1; i < events.length; i++) {
      if (isStep(step, i) && events[i].timeMs - events[start].timeMs <= limitMs) found.push(i);
      if (without !== undefined && fits(without, events[i])) break;
    }
    return found;
  };
  const deepest = (step: number, start: number, previous: number): number =>
    step === steps.length
      ? step
      : Math.max(step, ...next(step, start, previous).map((i) => deepest(step + 1, start, i)));
  let depth = 0;
  let best: number[] = [];
  for (let start = 0; start < events.length; start++) {
    if (!isStep(0, start)) continue;
    depth = Math.max(depth, deepest(1, start, start));
    const chain = [start];
    while (chain.length < steps.length) {
      const [i] = next(chain.length, start, chain[chain.length - 1]);
      if (i === undefined) break;
      chain.push(i);
    }
    const isBetter =
      chain.length > best.length || (chain.length === best.length && chain[chain.length - 1] <= best[best.length - 1]);
    if (isBetter) best = chain;
  }
  return { depth, chain: best.map((i) => events[i]), country: null };
}

function stepsOf({ steps }: FunnelRequest, journeys: readonly Journey[]): FunnelStepBody[] {
  const counts = steps.map((_, step) => journeys.filter(({ depth }) => depth > step).length);
  return steps.map(({ event }, step) => {
    const times = journeys
      .filter(({ chain }) => step > 0 && chain.length > step)
      .map(({ chain }) => chain[step].timeMs - chain[step - 1].timeMs)
      .sort((a, b) => a - b);
    const before = step === 0 ? counts[0] : counts[step - 1];
    return {
      event,
      count: counts[step],
      rate: before === 0 ? 0 : counts[step] / before,
      rateOfFirst: counts[0] === 0 ? 0 : counts[step] / counts[0],
      dropOff: before - counts[step],
      medianMs: times.length === 0 ? null : times[Math.ceil(times.length / 2) - 1],
    };
  });
}

const TYPES = ['number', 'string', 'boolean', 'object'];
const byValue = (a: GroupValue, b: GroupValue): number =>
  TYPES.indexOf(typeof a) - TYPES.indexOf(typeof b) || (String(a) < String(b) ? -1 : 1);

function expectedBody(request: FunnelRequest, all: readonly Journey[]): FunnelBody {
  const journeys = all.filter(({ depth }) => depth > 0);
  const steps = stepsOf(request, journeys);
  const { by } = request;
  if (by === undefined) return { steps };
  const groupOf = ({ chain, country }: Journey): GroupValue =>
    typeof by === 'string' ? null : 'trait' in by ? country : chain[0].x;
  const values = [...new Set(journeys.map(groupOf))];
  const of = (value: GroupValue): Journey[] => journeys.filter((journey) => groupOf(journey) === value);
  values.sort((a, b) => of(b).length - of(a).length || byValue(a, b));
  const shown = values.slice(0, request.limit ?? 20);
  const left = values.slice(shown.length);
  const groups = shown.map((value) => ({ value, steps: stepsOf(request, of(value)) }));
  if (left.length === 0) return { steps, groups };
  return { steps, groups, rest: { groups: left.length, steps: stepsOf(request, left.flatMap(of)) } };
}

class Histories {
  readonly worlds: readonly World[];
  readonly users: PlainEvent[][] = Array.from({ length: USER_COUNT }, () => []);

  constructor(shardCount: number) {
    this.worlds = Array.from({ length: shardCount }, () => new World());
    for (let user = 0; user < USER_COUNT; user++) {
      const country = COUNTRIES[user % COUNTRIES.length];
      this.#worldOf(user).apply([identify(`u${user}`, { country, isEven: user % 2 === 0 })]);
    }
  }

  #worldOf(user: number): World {
    return this.worlds[user % this.worlds.length];
  }

  add(events: readonly [number, PlainEvent][]): void {
    for (const entry of events) {
      this.#worldOf(entry[0]).apply([itemOf(entry)]);
      this.users[entry[0]].push(entry[1]);
    }
  }

  journeys(request: FunnelRequest, isEvenOnly: boolean, atMs: number | undefined): Journey[] {
    return this.users.flatMap((events, user) => {
      if (isEvenOnly && user % 2 !== 0) return [];
      return [{ ...journeyOf(request, events, atMs), country: firstScalar(COUNTRIES[user % COUNTRIES.length]) }];
    });
  }
}

const EVERYONE: Expression = { and: [] };
const EVEN: Expression = { trait: 'isEven', op: 'eq', value: true };
const nextTurn = async (): Promise<void> => undefined;

describe.each([
  ['one shard on the thread', 1, () => undefined, undefined],
  ['two shards on the thread, without keeping runs', 2, () => undefined, 0],
  ['two shards on workers', 2, () => pool, undefined],
])('funnels over %s', (_, shardCount, poolOf, runSizeBytesMax) => {
  it('agree with the model as the history grows', async () => {
    for (const seed of poolOf() === undefined ? [21, 22, 23, 24] : [31, 32]) {
      const random = randomOf(seed);
      const histories = new Histories(shardCount);
      const options = { hashSeed: HASH_SEED, workerThresholdNs: 0, runSizeBytesMax };
      const queries = histories.worlds.map(({ data }) => new ShardQuery(data, poolOf(), options));
      for (const size of [200, 50, 3]) {
        histories.add(randomEvents(random, USER_COUNT, size));
        for (let i = 0; i < 30; i++) {
          const request = randomFunnel(random);
          const atMs = random(4) === 0 && typeof request.by !== 'object' ? NOW_MS - random(9 * DAY_MS) : undefined;
          if (atMs !== undefined && request.by !== undefined) continue;
          const isEvenOnly = atMs === undefined && random(3) === 0;
          const capture = (instant: Parameters<typeof captureFunnel>[0]) => captureFunnel(instant, request);
          const where = isEvenOnly ? EVEN : EVERYONE;
          const parts = await Promise.all(queries.map((query) => query.run(where, { nowMs: NOW_MS, atMs }, capture)));
          const body = await funnelBody(request, parts, nextTurn);
          const expected = expectedBody(request, histories.journeys(request, isEvenOnly, atMs));
          expect(body, `seed ${seed}, at ${atMs}, even ${isEvenOnly}: ${JSON.stringify(request)}`).toEqual(expected);
        }
      }
      for (const [i, query] of queries.entries()) {
        expect(histories.worlds[i].data.memory.liveSnapshotCount).toBe(0);
        query.close();
      }
    }
  });
});
