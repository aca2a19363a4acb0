/** Questions that do not end well: callers who leave, time that runs out, shards that fail or cannot be asked; and what stays open after it. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CancelSignal } from '../../../src/base/cancel-source.ts';
import type { QuestionPort } from '../../../src/cluster/question/question-port.ts';
import { type PartRequest, PartServer } from '../../../src/engine/answer/part-server.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { open } from '../../../src/engine/open.ts';
import { EngineError, type ErrorCode } from '../../../src/model/error.ts';
import type { QueryRequest } from '../../../src/model/query.ts';
import { checkRequest } from '../../../src/query/parser/check-request.ts';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { BothWays } from './both-ways.ts';
import { NOW_MS, personName, populate } from './people.ts';

const PEOPLE = 2_000;
/** Asked in two halves. */
const HALVES: QueryRequest = { as: 'breakdown', breakdown: { by: ['code'], event: 'Order Completed', limit: 5 } };
const IDS: QueryRequest = { as: 'ids', limit: PEOPLE };

/** Time that the test moves: timers are called by hand. */
class Timers {
  readonly tasks = new Map<() => void, number>();

  readonly after: Clock['after'] = (delayMs, task) => {
    this.tasks.set(task, delayMs);
    return () => void this.tasks.delete(task);
  };

  expire(): void {
    for (const task of [...this.tasks.keys()]) task();
  }
}

const timers = new Timers();
/** Of batches written on the way. */
let laterCount = 0;
let engine: Engine;
let both: BothWays;
beforeAll(async () => {
  const clock = { nowMs: () => NOW_MS, after: timers.after };
  engine = await open({ data: ':memory:', shards: 3, workers: 1, clock });
  await populate(engine, PEOPLE);
}, 120_000);
afterAll(() => engine.close());
beforeEach(() => {
  both = new BothWays(engine, () => NOW_MS);
});

function openCount(): number {
  return both.servers.reduce((sum, server) => sum + server.openCount, 0);
}

/** Resolves when all that is under way has come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await systemClock.yieldTurn();
}

function failing(code: ErrorCode): () => Promise<never> {
  return () => Promise.reject(new EngineError(code, `it fails as ${code}`));
}

/** Ports of which one is another; and the signals that all were given. */
function withOne(index: number, change: (port: QuestionPort) => Partial<QuestionPort>) {
  const signals: CancelSignal[] = [];
  const ports = both.ports.map((port, i): QuestionPort => {
    const changed = i === index ? { ...port, ...change(port) } : port;
    return {
      ...changed,
      open: (request, signal) => {
        signals.push(signal);
        return changed.open(request, signal);
      },
    };
  });
  return { ports, signals };
}

const NEVER = (): Promise<never> => new Promise(() => undefined);

describe('a caller who leaves', () => {
  it.each([
    ['while a shard opens its part', { open: NEVER }],
    ['while a shard is asked further', { further: NEVER }],
  ])('%s does not wait for it, and all shards are told', async (_when, change) => {
    const caller = new AbortController();
    const { ports, signals } = withOne(1, () => change);
    const answer = both.gather(HALVES, ports, { signal: caller.signal });
    await settled();
    expect(openCount()).toBeGreaterThan(0);
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    await settled();
    expect(openCount()).toBe(0);
  });

  it('who left before asks nobody', async () => {
    const { ports, signals } = withOne(0, () => ({}));
    const answer = both.gather(IDS, ports, { signal: AbortSignal.abort() });
    await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
    expect(signals).toEqual([]);
  });

  it('a part that opens after the end is closed', async () => {
    let goOn: (() => void) | undefined;
    const late = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { ports } = withOne(2, (port) => ({
      open: async (request) => {
        await late;
        return port.open(request, new AbortController().signal);
      },
    }));
    const caller = new AbortController();
    const answer = both.gather(HALVES, ports, { signal: caller.signal });
    await settled();
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
    expect(openCount()).toBe(0);
    goOn!();
    await settled();
    expect(openCount()).toBe(0);
  });
});

describe('time that runs out', () => {
  it.each([
    ['opening', { open: NEVER }],
    ['further', { further: NEVER }],
  ])('ends a question that is at a shard: %s', async (_where, change) => {
    const { ports, signals } = withOne(0, () => change);
    const gatherTimers = new Timers();
    const clock: Clock = { ...systemClock, nowMs: () => NOW_MS, after: gatherTimers.after };
    const answer = both.gather({ ...HALVES, timeoutMs: 7_000 }, ports, { clock });
    await settled();
    expect([...gatherTimers.tasks.values()]).toEqual([7_000]);
    gatherTimers.expire();
    await expect(answer).rejects.toMatchObject({ code: 'query_timeout' });
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    await settled();
    expect(openCount()).toBe(0);
    expect(gatherTimers.tasks.size).toBe(0);
  });

  it('shards are told how much is left', async () => {
    const told: number[] = [];
    const { ports } = withOne(1, (port) => ({
      open: (request, signal) => {
        told.push(request.timeoutMs);
        return port.open(request, signal);
      },
    }));
    let nowMs = 100;
    const clock: Clock = { ...systemClock, nowMs: () => NOW_MS, monotonicMs: () => (nowMs += 400) };
    await both.gather(IDS, ports, { clock, timeoutMs: 5_000 });
    expect(told).toEqual([4_600]);
  });
});

describe('a shard that fails', () => {
  it.each<[string, ErrorCode, 'open' | 'further']>([
    ['while opening', 'overloaded', 'open'],
    ['further', 'internal', 'further'],
    ['while opening, unasked to be left out', 'shard_unavailable', 'open'],
    ['further, unasked to be left out', 'shard_unavailable', 'further'],
  ])('%s fails the question by its own code (%s), and the others are cancelled', async (_when, code, verb) => {
    const { ports, signals } = withOne(1, () => ({ [verb]: failing(code) }));
    await expect(both.gather(HALVES, ports)).rejects.toMatchObject({ code, message: `it fails as ${code}` });
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    await settled();
    expect(openCount()).toBe(0);
  });

  it('does not wait for another that hangs', async () => {
    const { ports } = withOne(0, () => ({ open: NEVER }));
    const broken = ports.map((port, i) => (i === 2 ? { ...port, open: failing('memory_limit') } : port));
    await expect(both.gather(IDS, broken)).rejects.toMatchObject({ code: 'memory_limit' });
    await settled();
    expect(openCount()).toBe(0);
  });
});

describe('an answer for the rest', () => {
  const ORDERS = { event: 'Order Completed', amount: 'total' } as const;
  const REQUESTS: readonly QueryRequest[] = [
    {},
    IDS,
    { as: 'profiles', limit: PEOPLE },
    HALVES,
    { as: 'aggregate', aggregate: { fn: 'count_distinct', trait: 'code' } },
    { as: 'rfm', rfm: { ...ORDERS, members: { limit: 5 } } },
    { mode: 'estimate' },
  ];

  it.each(['open', 'further'] as const)('leaves out a shard that is lost by %s, and names it', async (verb) => {
    for (const request of REQUESTS) {
      const { ports } = withOne(1, () => ({ [verb]: failing('shard_unavailable') }));
      const { body, missing, watermark } = await both.gather(request, ports, { allowMissing: true });
      const isAskedFurther = request.as !== undefined && request.as !== 'aggregate';
      if (verb === 'further' && !isAskedFurther) {
        expect(missing).toBeUndefined();
        continue;
      }
      expect(missing).toEqual([1]);
      expect(watermark[1]).toBe(0);
      // As if nobody lived there.
      const nobody = both.ports.map((port, i): QuestionPort => (i === 1 ? emptied(port) : port));
      expect(body).toEqual((await both.gather(request, nobody)).body);
      expect(openCount()).toBe(0);
    }
  });

  it('pages of the rest go on at the shards that are left', async () => {
    const { ports } = withOne(1, () => ({ open: failing('shard_unavailable') }));
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await both.gather({ as: 'ids', limit: 300, cursor }, ports, { allowMissing: true });
      if (!('ids' in body)) throw new TypeError('asked for ids');
      paged.push(...body.ids);
      cursor = body.cursor;
    } while (cursor !== undefined);
    const { body } = await both.gather(IDS, ports, { allowMissing: true });
    expect(paged).toEqual('ids' in body && body.ids);
    expect(paged.length).toBeGreaterThan(PEOPLE / 2);
  });

  it('is none when no shard is left, or when something else is wrong', async () => {
    const all = both.ports.map((port) => ({ ...port, open: failing('shard_unavailable') }));
    const lost = both.gather(IDS, all, { allowMissing: true });
    await expect(lost).rejects.toMatchObject({ code: 'shard_unavailable' });
    const { ports } = withOne(1, () => ({ open: failing('internal') }));
    await expect(both.gather(IDS, ports, { allowMissing: true })).rejects.toMatchObject({ code: 'internal' });
  });

  it('two of three may be lost', async () => {
    const ports = both.ports.map((port, i) => (i === 0 ? port : { ...port, open: failing('shard_unavailable') }));
    const { missing } = await both.gather(IDS, ports, { allowMissing: true });
    expect(missing).toEqual([1, 2]);
  });
});

/** A shard at which no condition finds anybody. */
function emptied(port: QuestionPort): QuestionPort {
  const nobody = checkRequest({ where: { trait: 'country', op: 'eq', value: 'nowhere' } }).where;
  return {
    ...port,
    open: (asked, signal) => port.open({ ...asked, request: { ...asked.request, where: nobody } }, signal),
  };
}

describe('a part server', () => {
  const asked = (request: QueryRequest): PartRequest => ({
    request: checkRequest(request),
    nowMs: NOW_MS,
    timeoutMs: 9_000,
    place: { index: 0, count: 3 },
  });

  it('gives a handle only where there is more to ask', async () => {
    const [server] = both.servers;
    expect((await server.open(asked({}))).handle).toBeUndefined();
    const { handle } = await server.open(asked(IDS));
    expect(handle).toBeDefined();
    expect(server.openCount).toBe(1);
    server.close(handle!);
    server.close(handle!);
    expect(server.openCount).toBe(0);
    await expect(server.further(handle!, { ask: {} })).rejects.toMatchObject({ code: 'shard_unavailable' });
  });

  it('ends a handle with the time of its question', async () => {
    const [server] = both.servers;
    const { handle } = await server.open(asked(HALVES));
    expect([...timers.tasks.values()]).toEqual([9_000]);
    timers.expire();
    expect(server.openCount).toBe(0);
    await expect(server.further(handle!, { ask: {} })).rejects.toMatchObject({ code: 'shard_unavailable' });
    expect(timers.tasks.size).toBe(0);
  });

  it('has only so many, and takes more when some are closed', async () => {
    const [server] = both.servers;
    const handles: number[] = [];
    for (let n = 0; n < 1_024; n++) handles.push((await server.open(asked({ as: 'ids', limit: 1 }))).handle!);
    await expect(server.open(asked({}))).rejects.toMatchObject({ code: 'overloaded' });
    server.close(handles[0]);
    expect((await server.open(asked({}))).watermark).toBeGreaterThan(0);
    server.end();
    expect(server.openCount).toBe(0);
    expect(new Set(handles).size).toBe(1_024);
  });

  it('is cancelled while it opens, and while it is asked further', async () => {
    const [server] = both.servers;
    const caller = new AbortController();
    const answer = server.open(asked(HALVES), caller.signal);
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
    const { handle } = await server.open(asked(HALVES));
    await expect(
      server.further(handle!, { ask: { groups: [], places: [], shownCount: 0 } }, AbortSignal.abort()),
    ).rejects.toMatchObject({ code: 'query_cancelled' });
    expect(server.openCount).toBe(0);
  });

  it('gives no handle of before a restart', async () => {
    const [server] = both.servers;
    const { handle } = await server.open(asked(IDS));
    server.close(handle!);
    expect(handle).toBeGreaterThanOrEqual(NOW_MS);
    expect(Number.isSafeInteger(handle)).toBe(true);
    expect(server).toBeInstanceOf(PartServer);
  });
});

describe('what is written between two halves', () => {
  const ORDERS = { event: 'Order Completed', amount: 'total' } as const;

  it.each<QueryRequest>([
    HALVES,
    { ...HALVES, at: new Date(NOW_MS).toISOString() },
    { as: 'breakdown', breakdown: { by: ['country'], limit: 2, aggregate: { fn: 'count_distinct', trait: 'code' } } },
    { as: 'rfm', rfm: { ...ORDERS, members: { limit: 50 } } },
    { as: 'ids', limit: PEOPLE },
  ])('does not change the answer: %o', async (request) => {
    const before = await both.gather(request);
    let writeCount = 0;
    const ports = both.ports.map((port) => ({
      ...port,
      further: async (...args: Parameters<typeof port.further>) => {
        // Everybody gets other traits and one more order; and somebody new comes.
        const n = writeCount++;
        await populate(engine, 20, 10_000 * (1 + laterCount++));
        const userId = `late-${laterCount}`;
        const order = {
          type: 'track',
          event: 'Order Completed',
          userId,
          properties: { total: 1e6, order: `late-${n}` },
        };
        await engine.ingest([order, { type: 'identify', userId, traits: { code: 'late', country: 'late' } }], {
          ack: 'applied',
        });
        return port.further(...args);
      },
    }));
    const { body, watermark } = await both.gather(request, ports);
    expect(writeCount).toBeGreaterThan(0);
    expect({ body, watermark }).toEqual({ body: before.body, watermark: before.watermark });
    expect((await both.gather(request)).watermark).not.toEqual(watermark);
  });

  it.each<QueryRequest>([
    { as: 'ids', limit: 2 * PEOPLE },
    { as: 'profiles', limit: 2 * PEOPLE },
    { as: 'rfm', rfm: { ...ORDERS, members: { limit: 2 * PEOPLE } } },
  ])('whoever becomes part of another on the way is left out: %o', async (request) => {
    const first = 100 * ++laterCount;
    const names = Array.from({ length: 80 }, (_, n) => personName(first + n));
    const before = shownIds((await both.gather(request)).body);
    expect(before).toEqual(expect.arrayContaining(names));
    let isMerged = false;
    const ports = both.ports.map((port) => ({
      ...port,
      further: async (...args: Parameters<typeof port.further>) => {
        if (!isMerged && !('least' in JSON.parse(JSON.stringify(args[1])).ask)) {
          isMerged = true;
          const aliases = names.flatMap((previousId, n) =>
            n % 2 === 0 ? [{ type: 'alias', previousId, userId: names[n + 1] }] : [],
          );
          const { rejected } = await engine.ingest(aliases, { ack: 'applied' });
          expect(rejected).toEqual([]);
        }
        return port.further(...args);
      },
    }));
    const shown = shownIds((await both.gather(request, ports)).body);
    expect(isMerged).toBe(true);
    expect(new Set(shown).size).toBe(shown.length);
    const gone = before.filter((id) => !shown.includes(id));
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.filter((id) => !names.includes(id))).toEqual([]);
    expect(openCount()).toBe(0);
  });
});

function shownIds(body: Awaited<ReturnType<BothWays['gather']>>['body']): readonly string[] {
  if ('ids' in body) return body.ids;
  if ('profiles' in body) return body.profiles.map((profile) => (profile as { id: string }).id);
  return ('members' in body ? (body.members ?? []) : []).map(({ id }) => id);
}

describe('accounts', () => {
  it.each<QueryRequest>([
    { of: 'accounts' },
    { where: { account: { trait: 'plan', op: 'eq', value: 'pro' } } },
    {
      as: 'overlap',
      overlap: { segments: [{ name: 'a', where: { not: { account: { trait: 'plan', op: 'exists' } } } }] },
    },
  ])('are refused: %o', async (request) => {
    const { ports, signals } = withOne(0, () => ({}));
    await expect(both.gather(request, ports)).rejects.toMatchObject({ code: 'query_unsupported' });
    expect(signals).toEqual([]);
  });
});
