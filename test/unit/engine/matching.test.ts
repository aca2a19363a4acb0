/** Probable duplicates with a real engine: found, explained, accepted, rejected, merged by the rules, cancelled. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { type OpenOptions, open } from '../../../src/engine/open.ts';
import type { MatchingRequest, MatchingState, Suggestion } from '../../../src/model/matching.ts';
import { type Crowd, crowd, isTrue, suggestionsOf, truePairCount, user } from './matching-people.ts';

const SEED = 20_261;
/** Pairs from here on are merged by the rules, where a test turns that on. */
const MERGE = 0.9;
const engines: Engine[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function openEngine(options: OpenOptions = {}): Promise<Engine> {
  const engine = await open({ data: ':memory:', workers: 1, checkpointIntervalMs: 0, ...options });
  engines.push(engine);
  return engine;
}

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kith-matching-'));
  folders.push(folder);
  return folder;
}

async function engineWith({ items }: Crowd, options: OpenOptions = {}): Promise<Engine> {
  const engine = await openEngine(options);
  expect((await engine.ingest(items)).rejected).toEqual([]);
  return engine;
}

async function run(engine: Engine, request: MatchingRequest = {}): Promise<MatchingState> {
  engine.matching.start(request);
  const state = await engine.matching.settled();
  expect(state.error).toBeUndefined();
  return state;
}

/** By looks some time apart: the workers step back behind a thread that never rests. */
const until = (isSo: () => boolean): Promise<boolean> => vi.waitUntil(isSo, { interval: 2, timeout: 60_000 });

const profileId = (engine: Engine, { value, type }: { value: string; type: string }): string | undefined =>
  engine.lookup({ type, value })?.id;

describe.each([1, 3])('with %i shards', (shards) => {
  test('finds people who came twice, and explains every weight', async () => {
    const world = crowd(SEED);
    const engine = await engineWith(world, { shards });
    const state = await run(engine);
    expect(state).toMatchObject({ state: 'done', profiles: 400 });
    expect([state.merged, state.progress]).toEqual([undefined, undefined]);
    expect(state.fields).toEqual(['address_1', 'date_of_birth', 'given_name', 'postcode', 'suburb', 'surname']);
    expect(state.comparedPairs).toBeGreaterThan(1_000);
    expect(state.rules?.length).toBeGreaterThan(0);
    const found = suggestionsOf(engine);
    expect(found).toHaveLength(state.suggested!);
    const right = found.filter((one) => isTrue(world, one)).length;
    console.info(`seed ${SEED}: ${right} of ${truePairCount(world)} pairs, ${found.length - right} wrong`);
    expect(right).toBeGreaterThan(0.85 * truePairCount(world));
    expect(right).toBeGreaterThan(0.9 * found.length);
    for (const [i, { weight, priorWeight, crowdWeight, evidence, probability }] of found.entries()) {
      const sum = evidence.reduce((total, one) => total + one.weight, priorWeight + crowdWeight);
      expect(sum).toBeCloseTo(weight, 9);
      expect(crowdWeight).toBeLessThanOrEqual(0);
      expect(probability).toBeCloseTo(1 / (1 + 2 ** -weight), 12);
      expect(probability).toBeGreaterThanOrEqual(0.8);
      expect(evidence.map(({ field }) => field).sort()).toEqual(state.fields);
      if (i > 0) expect(weight).toBeLessThanOrEqual(found[i - 1].weight);
    }
  });

  test('same seed, same suggestions', async () => {
    const world = crowd(SEED + 1);
    const outcomes: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const engine = await engineWith(world, { shards, workers: i + 1 });
      const { startedAt: _, endedAt: __, ...state } = await run(engine, { seed: 5, suggestFrom: 0.3 });
      outcomes.push({ state, found: suggestionsOf(engine).map(({ suggestedAt: ___, ...one }) => one) });
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  test('accepting merges, and the journal says why', async () => {
    const engine = await engineWith(crowd(SEED), { shards });
    await run(engine);
    const [first, ...rest] = suggestionsOf(engine);
    const accepted = await engine.matching.decide(first.id, 'accept');
    expect(accepted).toEqual({ ...first, state: 'accepted', decidedAt: accepted.decidedAt });
    expect(profileId(engine, first.a)).toBe(profileId(engine, first.b));
    expect(engine.stats().profiles).toBe(399);
    const { journal } = engine.identityGraph(first.b)!;
    expect(journal).toMatchObject([{ kind: 'merge', reason: 'linkage' }]);
    expect(suggestionsOf(engine).map(({ id }) => id)).toEqual(
      rest.filter(({ a, b }) => profileId(engine, a) !== profileId(engine, b)).map(({ id }) => id),
    );
    expect(suggestionsOf(engine, 'accepted')).toEqual([accepted]);
    for (const decision of ['accept', 'reject'] as const) {
      await expect(engine.matching.decide(first.id, decision)).rejects.toMatchObject({ code: 'suggestion_decided' });
    }
    // Taken back, the pair is cut: a person's word, which no later run questions.
    await engine.unmergeProfile({ profile: first.a, merge: journal[0].id });
    await run(engine);
    expect(suggestionsOf(engine).some(({ id }) => id === first.id)).toBe(false);
  });

  test('a rejection is remembered over runs and restarts, also when one of the two has grown', async () => {
    const data = await folderOf();
    const world = crowd(SEED);
    const engine = await engineWith(world, { shards, data });
    await run(engine);
    const [first, second] = suggestionsOf(engine);
    await engine.matching.decide(first.id, 'reject');
    await engine.matching.decide(second.id, 'accept');
    await run(engine);
    const before = suggestionsOf(engine);
    expect(before.length).toBeGreaterThan(20);
    expect(before.some(({ id }) => id === first.id)).toBe(false);
    await engine.matching.decide(before[0].id, 'reject');
    await engine.close();

    const again = await openEngine({ data });
    expect(again.matching.state).toEqual({ state: 'never' });
    expect(suggestionsOf(again)).toEqual(before.slice(1));
    expect(
      suggestionsOf(again, 'rejected')
        .map(({ id }) => id)
        .sort(),
    ).toEqual([first.id, before[0].id].sort());
    expect(suggestionsOf(again, 'accepted').map(({ id }) => id)).toEqual([second.id]);
    // The pair is named by other identifiers now.
    await again.ingest([{ type: 'identify', userId: 'older', timestamp: '2020-01-01' }]);
    await again.mergeProfiles({ into: user('older'), from: first.a });
    expect(profileId(again, first.a)).toBe('older');
    await run(again);
    const names = suggestionsOf(again).map(({ a, b }) => [profileId(again, a), profileId(again, b)].sort().join(' '));
    expect(names).not.toContain([profileId(again, first.a), profileId(again, first.b)].sort().join(' '));
    await expect(again.matching.decide(first.id, 'accept')).rejects.toMatchObject({ code: 'suggestion_decided' });
  });

  test('the rules may merge what is sure, but nobody who was cut or rejected', async () => {
    const world = crowd(SEED);
    const engine = await engineWith(world, { shards });
    await run(engine);
    const found = suggestionsOf(engine, 'open', 1_000);
    const sure = found.filter(({ probability }) => probability >= MERGE);
    expect(sure.length).toBeGreaterThan(20);
    const [cut, rejected] = sure;
    const { profile } = await engine.mergeProfiles({ into: cut.a, from: cut.b });
    const merge = engine.identityGraph(user(profile.id))!.journal[0].id;
    await engine.unmergeProfile({ profile: user(profile.id), merge });
    await engine.matching.decide(rejected.id, 'reject');
    await engine.setIdentitySettings({ linkage: { isAutomatic: true, merge: MERGE, review: 0.8 } });
    const state = await run(engine);
    expect(state.merged).toBeGreaterThan(0.8 * sure.length);
    expect(engine.stats().profiles).toBe(400 - state.merged!);
    for (const { a, b } of [cut, rejected]) expect(profileId(engine, a)).not.toBe(profileId(engine, b));
    const joined = sure.filter(({ a, b }) => profileId(engine, a) === profileId(engine, b));
    expect(joined.length).toBeGreaterThanOrEqual(state.merged!);
    for (const { a } of joined) expect(engine.identityGraph(a)!.journal[0]).toMatchObject({ reason: 'linkage' });
    for (const { a, b, probability } of found) {
      if (probability < MERGE && joined.every((one) => ![one.a.value, one.b.value].includes(a.value))) {
        expect([probability, profileId(engine, a) === profileId(engine, b)]).toEqual([probability, false]);
      }
    }
    const left = suggestionsOf(engine);
    expect(left.some(({ id }) => id === cut.id || id === rejected.id)).toBe(false);
    for (const { a, b } of left) expect(profileId(engine, a)).not.toBe(profileId(engine, b));
  });

  test('whoever became one meanwhile is left out', async () => {
    const engine = await engineWith(crowd(SEED), { shards });
    await run(engine);
    const [first, second] = suggestionsOf(engine);
    await engine.mergeProfiles({ into: first.a, from: first.b });
    expect(suggestionsOf(engine).some(({ id }) => id === first.id)).toBe(false);
    await expect(engine.matching.decide(first.id, 'reject')).rejects.toMatchObject({ code: 'suggestion_decided' });
    expect(await engine.matching.decide(first.id, 'accept')).toMatchObject({ state: 'accepted' });
    // During a run: the workers compare what there was, and the answer is about what there is.
    engine.matching.start({});
    const merging = engine.mergeProfiles({ into: second.a, from: second.b });
    await engine.matching.settled();
    await merging;
    expect(suggestionsOf(engine).some(({ id }) => id === second.id)).toBe(false);
  });
});

describe('one run at a time', () => {
  test('a second is refused, a cancelled one leaves what there was', async () => {
    const engine = await engineWith(crowd(SEED));
    expect(engine.matching.state).toEqual({ state: 'never' });
    await run(engine);
    const before = suggestionsOf(engine);
    expect(engine.matching.start({}).state).toBe('running');
    expect(() => engine.matching.start({})).toThrowError(expect.objectContaining({ code: 'matching_running' }));
    engine.matching.cancel();
    expect(await engine.matching.settled()).toMatchObject({ state: 'cancelled', endedAt: expect.any(String) });
    expect(suggestionsOf(engine)).toEqual(before);
    engine.matching.cancel();
    expect((await run(engine)).state).toBe('done');
    expect(suggestionsOf(engine).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });

  test('is cancelled at each stage that lasts', async () => {
    const engine = await engineWith(crowd(SEED));
    for (const stage of ['read', 'prepare', 'learn']) {
      engine.matching.start({});
      await until(() => engine.matching.state.state !== 'running' || engine.matching.state.progress?.stage === stage);
      engine.matching.cancel();
      expect([stage, (await engine.matching.settled()).state]).toEqual([stage, 'cancelled']);
    }
    expect(suggestionsOf(engine)).toEqual([]);
  });

  test('ingest and lookups go on during a run', async () => {
    const engine = await engineWith(crowd(SEED));
    engine.matching.start({});
    for (let i = 0; i < 20; i++) {
      await engine.ingest([{ type: 'track', userId: `late-${i}`, event: 'Seen' }]);
      expect(profileId(engine, user(`late-${i}`))).toBe(`late-${i}`);
    }
    expect(engine.matching.state.state).toBe('running');
    await engine.matching.settled();
    expect(engine.matching.state).toMatchObject({ state: 'done', profiles: 400 });
  });

  test('closing ends it, and afterwards nothing is taken', async () => {
    const engine = await engineWith(crowd(SEED));
    await run(engine);
    const [first] = suggestionsOf(engine);
    engine.matching.start({});
    const decided = engine.matching.decide(first.id, 'accept');
    await engine.close();
    expect((await decided).state).toBe('accepted');
    expect(engine.matching.state.state).toBe('cancelled');
    expect(() => engine.matching.start({})).toThrowError(expect.objectContaining({ code: 'shutting_down' }));
    await expect(engine.matching.decide(first.id, 'reject')).rejects.toMatchObject({ code: 'shutting_down' });
  });
});

describe('decisions', () => {
  test('of two at once about one pair the second is told of the first', async () => {
    const engine = await engineWith(crowd(SEED));
    await run(engine);
    const [{ id, a, b }] = suggestionsOf(engine);
    const [accepted, rejected] = await Promise.allSettled([
      engine.matching.decide(id, 'accept'),
      engine.matching.decide(id, 'reject'),
    ]);
    expect(accepted.status).toBe('fulfilled');
    expect(rejected).toMatchObject({ status: 'rejected', reason: { code: 'suggestion_decided' } });
    expect(profileId(engine, a)).toBe(profileId(engine, b));
    await expect(engine.matching.decide('s_none', 'accept')).rejects.toMatchObject({ code: 'suggestion_not_found' });
  });

  test('are kept by lines, of which a torn last one is dropped', async () => {
    const data = await folderOf();
    const engine = await engineWith(crowd(SEED), { data });
    await run(engine);
    const [first, second] = suggestionsOf(engine);
    await engine.matching.decide(first.id, 'reject');
    await engine.close();
    const path = join(data, 'suggestions.ndjson');
    const text = await readFile(path, 'utf8');
    await writeFile(path, `${text}{"id":"${second.id}","state":"reje`);
    const again = await openEngine({ data });
    expect(suggestionsOf(again, 'rejected').map(({ id }) => id)).toEqual([first.id]);
    await again.matching.decide(second.id, 'reject');
    await again.close();
    expect(suggestionsOf(await openEngine({ data }), 'rejected')).toHaveLength(2);
    await engines.at(-1)!.close();
    await writeFile(path, '{"version":9}\n');
    await expect(open({ data })).rejects.toMatchObject({ code: 'storage_failed' });
  });
});

describe('what it is asked', () => {
  test.each<[MatchingRequest, string]>([
    [{ fields: [] }, 'at least one'],
    [{ fields: ['surname', 'surname'] }, 'twice'],
    [{ fields: ['surname', 'nothing'] }, 'no profile has a trait "nothing"'],
    [{ fields: Array.from({ length: 17 }, (_, i) => `f${i}`) }, 'at most 16'],
    [{ suggestFrom: 0 }, 'a probability'],
    [{ suggestFrom: 1 }, 'a probability'],
    [{ suggestFrom: Number.NaN }, 'a probability'],
  ])('refuses %j', async (request, message) => {
    const engine = await engineWith(crowd(SEED, 20));
    expect(() => engine.matching.start(request)).toThrowError(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(message) }),
    );
    expect(engine.matching.state).toEqual({ state: 'never' });
  });

  test('compares by the traits that were named, whatever they hold', async () => {
    const world = crowd(SEED);
    const items = world.items.map((item, i) => {
      return { ...item, traits: { ...(item['traits'] as object), odd: [undefined, 7, true, [1], { a: 'x' }][i % 5] } };
    });
    const engine = await engineWith({ ...world, items });
    // Visitors without any of the traits are nobody to compare.
    await engine.ingest(Array.from({ length: 50 }, (_, i) => ({ type: 'track', anonymousId: `v${i}`, event: 'Seen' })));
    const fields = ['given_name', 'surname', 'date_of_birth', 'odd'];
    const state = await run(engine, { fields, suggestFrom: 0.5 });
    expect([state.profiles, state.fields]).toEqual([400, expect.arrayContaining(fields.slice(0, 3))]);
    const found = suggestionsOf(engine);
    expect(found.filter((one) => isTrue(world, one)).length).toBeGreaterThan(0.6 * truePairCount(world));
  });

  test('tells what went wrong in the run', async () => {
    const engine = await openEngine();
    expect(() => engine.matching.start({})).toThrowError(expect.objectContaining({ code: 'invalid_request' }));
    await engine.ingest([{ type: 'identify', userId: 'a', traits: { name: ' ' } }]);
    engine.matching.start({});
    expect(await engine.matching.settled()).toMatchObject({ state: 'failed', error: { code: 'invalid_request' } });
  });

  test('a page goes on where the one before ended, whatever was decided meanwhile', async () => {
    const engine = await engineWith(crowd(SEED));
    await run(engine);
    const all = suggestionsOf(engine, 'open', 1_000);
    const { suggestions, cursor } = engine.matching.suggestions('open', 5);
    expect(suggestions).toEqual(all.slice(0, 5));
    for (const { id } of suggestions) await engine.matching.decide(id, 'reject');
    const next: readonly Suggestion[] = engine.matching.suggestions('open', 5, cursor).suggestions;
    expect(next).toEqual(all.slice(5, 10));
    for (const wrong of ['', 'x', `${all[0].weight}`, '1~s_1']) {
      expect(() => engine.matching.suggestions('open', 5, wrong)).toThrowError(
        expect.objectContaining({ code: 'invalid_cursor' }),
      );
    }
  });
});
