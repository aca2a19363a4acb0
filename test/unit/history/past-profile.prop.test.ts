/** Profiles as of a past moment, origins of traits and the list of changes, each against a fold of the calls over plain objects. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TracedTrait, TraitChange } from '../../../src/model/history.ts';
import { pastProfile } from '../../../src/profile/history/past-profile.ts';
import { type ChangePlace, type ChangeRange, changesOf } from '../../../src/profile/history/trait-changes.ts';
import type { ShardData } from '../../../src/profile/shard-data.ts';
import { callsInOrder } from '../../../src/profile/trait-history.ts';
import { type Json, nested, newestAt, survivorAt } from './naive-past.ts';
import { live, type Person, type Story, story, timeOf } from './person.ts';

const RUNS = 100;

/** Path → value, rules applied. */
function expectedAt({ calls }: Person, atMs: number, rule: Story['rule']): Map<string, Json> {
  const found = new Map([...newestAt(calls, atMs)].map(([path, { value }]) => [path, value]));
  if (rule === undefined) return found;
  const survivor = survivorAt(calls, atMs, 'ruled', rule);
  if (survivor === undefined) found.delete('ruled');
  else found.set('ruled', survivor);
  return found;
}

const MOMENTS = [-1, 0, 3, 5, 6, 6.5, 9, 12, 1_000_000].map(timeOf);

test('the profile of any moment is the fold of what had happened by then', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { core, people } = await live(told);
      for (const person of people) {
        const { shard, row } = core.router.locate({ type: 'user_id', value: person.id })!;
        for (const atMs of MOMENTS) {
          const past = pastProfile(shard.data, row, person.id, { at: atMs }) as Record<string, unknown> | undefined;
          const times = [...person.calls.map(({ timeMs }) => timeMs), ...person.eventTimes].filter((at) => at <= atMs);
          if (times.length === 0) {
            expect(past).toBeUndefined();
            continue;
          }
          const events = person.eventTimes.filter((at) => at <= atMs);
          expect(plain(past!['traits'])).toEqual(nested(expectedAt(person, atMs, told.rule)));
          expect(past!['first_seen']).toBe(new Date(Math.min(...times)).toISOString());
          expect(past!['last_seen']).toBe(new Date(Math.max(...times)).toISOString());
          expect(plain(past!['counts'])).toEqual(events.length === 0 ? {} : { Seen: events.length });
        }
      }
    }),
    { numRuns: RUNS, seed: 20_260_101 },
  );
});

test('the profile of now, made from the past, is what a lookup shows', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { core, people } = await live(told);
      for (const { id } of people) {
        const { shard, row } = core.router.locate({ type: 'user_id', value: id })!;
        const now = plain(pastProfile(shard.data, row, id, { at: Date.UTC(2100, 0, 1), events: 5 }));
        expect(now).toEqual(core.lookup({ type: 'user_id', value: id }, 5));
      }
    }),
    { numRuns: RUNS, seed: 20_260_102 },
  );
});

test('every trait tells the call that it came with', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { core, people } = await live(told);
      for (const person of people) {
        const { shard, row } = core.router.locate({ type: 'user_id', value: person.id })!;
        const { traits } = pastProfile(shard.data, row, person.id, { verbose: true }) as {
          traits: Record<string, TracedTrait>;
        };
        const values = Object.fromEntries(Object.entries(traits).map(([path, { value }]) => [path, value]));
        expect(values).toEqual(Object.fromEntries(expectedAt(person, Number.POSITIVE_INFINITY, told.rule)));
        for (const [path, { value, call }] of newestAt(person.calls, Number.POSITIVE_INFINITY)) {
          if (path === 'ruled' && told.rule !== undefined) continue;
          const { messageId, source, timeMs } = call;
          const at = new Date(timeMs).toISOString();
          expect(traits[path]).toEqual({ value, source: source ?? null, messageId, at });
        }
        const made = traits['ruled']?.madeOf;
        if (told.rule === 'sum' && made !== undefined) {
          expect(made.reduce((sum, one) => sum + (one.value as number), 0)).toBe(traits['ruled'].value);
        }
        for (const { value, messageId } of made ?? []) {
          expect(person.calls.find((call) => call.messageId === messageId)!.traits['ruled']).toEqual(value);
        }
      }
    }),
    { numRuns: RUNS, seed: 20_260_103 },
  );
});

test('the changes, replayed, give the traits of every moment, and no change repeats a value', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { core, people } = await live(told);
      for (const person of people) {
        const { shard, row } = core.router.locate({ type: 'user_id', value: person.id })!;
        const changes = changesIn(shard.data, row);
        for (const atMs of MOMENTS) {
          const state = new Map<string, Json>();
          for (const { trait, kind, value, previous, at } of changes) {
            if (Date.parse(at) > atMs) break;
            expect(state.get(trait)).toEqual(previous);
            expect(value).not.toEqual(previous);
            expect(kind).toBe(value === undefined ? 'removed' : 'set');
            if (value === undefined) state.delete(trait);
            else state.set(trait, value as Json);
          }
          expect(state).toEqual(expectedAt(person, atMs, told.rule));
        }
      }
    }),
    { numRuns: RUNS, seed: 20_260_104 },
  );
});

test('pages, a range, an order and chosen traits are parts of the whole list', async () => {
  await fc.assert(
    fc.asyncProperty(
      story,
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.boolean(),
      async (told, limit, isDescending, isAll) => {
        const { core, people } = await live(told);
        for (const { id } of people) {
          const { shard, row } = core.router.locate({ type: 'user_id', value: id })!;
          const whole = changesIn(shard.data, row, { isAll });
          const fromMs = timeOf(3);
          const untilMs = timeOf(9);
          const expected = whole.filter(
            ({ at, trait }) =>
              Date.parse(at) >= fromMs &&
              Date.parse(at) <= untilMs &&
              (trait === 'a' || trait.startsWith('a.') || trait === 'colour'),
          );
          const found: TraitChange[] = [];
          let after: ChangePlace | undefined;
          do {
            const page = pageOf(shard.data, row, {
              traits: ['a', 'colour'],
              fromMs,
              untilMs,
              limit,
              isDescending,
              isAll,
              after,
            });
            expect(page.changes.length).toBeLessThanOrEqual(limit);
            found.push(...page.changes);
            after = page.next;
          } while (after !== undefined);
          expect(found).toEqual(isDescending ? expected.toReversed() : expected);
          if (isAll) expect(whole.filter(({ kind }) => kind !== 'kept')).toEqual(changesIn(shard.data, row));
          for (const { kind, value, previous } of whole) if (kind === 'kept') expect(value).toEqual(previous);
        }
      },
    ),
    { numRuns: RUNS, seed: 20_260_105 },
  );
});

function changesIn(data: ShardData, row: number, range: Partial<ChangeRange> = {}): readonly TraitChange[] {
  const page = pageOf(data, row, range);
  expect(page.next).toBeUndefined();
  return page.changes;
}

function pageOf(data: ShardData, row: number, range: Partial<ChangeRange>) {
  const steps = changesOf(data, callsInOrder(data.history, row), {
    traits: undefined,
    fromMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
    limit: 10_000,
    isDescending: false,
    after: undefined,
    isAll: false,
    ...range,
  });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Without the prototypes that names such as `__proto__` must not meet. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
