/** What is forgotten makes no difference to any moment that is still kept, to a restart, to an unmerge or to other rules; and it is gone. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HistoryRetention } from '../../../src/engine/history-retention.ts';
import type { TraitChange } from '../../../src/model/history.ts';
import { forgetBefore, hasForgettable } from '../../../src/profile/history/forgetting.ts';
import { pastProfile } from '../../../src/profile/history/past-profile.ts';
import { changesOf } from '../../../src/profile/history/trait-changes.ts';
import { splitRow, unlink } from '../../../src/profile/split.ts';
import { valueAt } from '../../../src/profile/survivorship.ts';
import { callsInOrder } from '../../../src/profile/trait-history.ts';
import { Core } from '../../sim/core.ts';
import { live, story, timeOf } from './person.ts';

const RUNS = 100;
const CUT = 6.5;
const MOMENTS = [6.5, 7, 9, 12, 1_000_000].map(timeOf);

test('every moment that is kept is as before, after a restart too', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { core } = await live(told);
      const before = seen(core);
      const hash = core.hash;
      await retain(core);
      expect(seen(core)).toEqual(before);
      expect(core.hash).toBe(hash);
      // Rules of a test's own are in no log.
      if (told.rule === undefined) {
        const again = core.reopened({ hashSeed: 5 });
        expect(seen(again)).toEqual(before);
        expect(cells(again)).toEqual(cells(core));
      }
      for (const { data } of core.shards) {
        const slots = Array.from({ length: data.history.participantCount }, (_, slot) => slot);
        expect(slots.filter((slot) => hasForgettable(data, slot, timeOf(CUT)))).toEqual([]);
      }
    }),
    { numRuns: RUNS, seed: 20_260_120 },
  );
});

test('calls that come later, an unmerge and other rules give what they would have given', async () => {
  const later = fc.array(
    fc.record({
      minute: fc.integer({ min: 7, max: 20 }),
      traits: fc.constantFrom({ ruled: 2 }, { a: {} }, { a: { x: null } }, { colour: null, b: 1 }),
    }),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(story, later, fc.constantFrom('oldest', 'max', 'union'), async (told, more, rule) => {
      const outcomes: unknown[] = [];
      for (const isForgetting of [false, true]) {
        const { core } = await live({ ...told, shardCount: 1 });
        if (isForgetting) await retain(core);
        for (const [i, { minute, traits }] of more.entries()) {
          const timestamp = new Date(timeOf(minute)).toISOString();
          await core.ingest([{ type: 'identify', userId: `u${i % 3}`, messageId: `l${i}`, timestamp, traits }]);
        }
        const [{ data }] = core.shards;
        data.traits.setSurvivorship([{ trait: 'ruled', rule: rule as 'oldest', sources: [] }]);
        const joined = seen(core);
        for (let person = 0; person < 3; person++) {
          const user = data.codeOf({ type: 'user_id', value: `u${person}` });
          const visitor = data.codeOf({ type: 'anonymous_id', value: `a${person}` });
          unlink(data, user, visitor);
          splitRow(data, data.identifiers.rowOf(user));
        }
        data.traits.foldNow();
        outcomes.push([joined, seen(core), core.state()]);
      }
      expect(outcomes[1]).toEqual(outcomes[0]);
    }),
    { numRuns: RUNS, seed: 20_260_121 },
  );
});

test('of each identifier only the newest value from before the cut is left', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { core } = await live(told);
      await retain(core);
      for (const { data } of core.shards) {
        const { history } = data;
        for (let slot = 0; slot < history.participantCount; slot++) {
          const row = history.participantRows.get(slot);
          const calls = callsInOrder(history, row, timeOf(CUT) - 1);
          for (const column of history.properties) {
            if (told.rule === 'most_frequent' && column.segments[0] === 'ruled' && !data.isDead(row)) continue;
            const having = [...calls].filter((call) => isValue(valueAt(column, call)));
            const origins = having.map((call) => history.origins.get(call));
            expect(new Set(origins).size).toBe(origins.length);
            if (data.isDead(row)) expect(having).toEqual([]);
          }
        }
      }
    }),
    { numRuns: RUNS, seed: 20_260_122 },
  );
});

test('a value that was removed is gone, with the context of its call', async () => {
  const core = Core.fresh(1, { hashSeed: 1, isAutoFlush: true });
  const identify = (minute: number, traits: object) => ({
    type: 'identify',
    userId: 'u',
    messageId: `m${minute}`,
    timestamp: new Date(timeOf(minute)).toISOString(),
    context: { ip: `10.0.0.${minute}` },
    traits,
  });
  await core.ingest([
    identify(1, { secret: 'a', plan: 'free' }),
    identify(2, { secret: null }),
    identify(3, { plan: 'pro' }),
  ]);
  const [{ data }] = core.shards;
  forgetBefore(data, [data.history.slotOf(0)], timeOf(3));
  expect(cells(core)).toEqual([[{ plan: 'free' }, { secret: null }, { plan: 'pro' }]]);
  forgetBefore(data, [data.history.slotOf(0)], timeOf(4));
  expect(cells(core)).toEqual([[{}, { secret: null }, { plan: 'pro' }]]);
  const ip = data.history.contexts.find(({ segments }) => segments[0] === 'ip')!;
  expect([0, 1, 2].map((call) => valueAt(ip, call))).toEqual([undefined, '10.0.0.2', '10.0.0.3']);
  expect(core.lookup({ type: 'user_id', value: 'u' })?.traits).toEqual({ plan: 'pro' });
});

/** One round with the cut at `CUT`. */
function retain({ shards }: Core): Promise<void> {
  const clock = {
    nowMs: () => timeOf(CUT) + 1_000,
    monotonicMs: () => 0,
    every: () => () => undefined,
    after: () => () => undefined,
    yieldTurn: async () => undefined,
  };
  return new HistoryRetention({ shards, clock, retentionMs: 1_000, isOver: () => false }).run();
}

/** All that can be asked of the moments that are kept. */
function seen(core: Core): unknown {
  const found = core.shards.flatMap(({ data, renderer }) =>
    Array.from({ length: data.profiles.count }, (_, row) => row)
      .filter((row) => !data.isDead(row))
      .map((row) => {
        const id = renderer.idOf(row);
        const changes = changesIn(data, row);
        const moments = MOMENTS.flatMap((at) => [
          pastProfile(data, row, id, { at }),
          pastProfile(data, row, id, { at, verbose: true }),
        ]);
        return { id, changes, moments: JSON.parse(JSON.stringify(moments)) as unknown };
      }),
  );
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function changesIn(data: Core['shards'][number]['data'], row: number): readonly TraitChange[] {
  const range = { traits: undefined, fromMs: timeOf(CUT), untilMs: Number.POSITIVE_INFINITY, limit: 1_000 };
  const steps = changesOf(data, callsInOrder(data.history, row), {
    ...range,
    isDescending: false,
    after: undefined,
    isAll: true,
  });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value.changes;
  }
}

/** What every call still has, by shard. */
function cells({ shards }: Core): unknown[] {
  return shards.map(({ data: { history } }) =>
    Array.from({ length: history.eventCount }, (_, call) =>
      Object.fromEntries(
        history.properties.flatMap((column) => {
          const value = valueAt(column, call);
          return value === undefined ? [] : [[column.segments.join('.'), value]];
        }),
      ),
    ),
  );
}

function isValue(value: unknown): boolean {
  const isEmpty = typeof value === 'object' && value !== null && !Array.isArray(value);
  return value !== undefined && value !== null && !isEmpty;
}
