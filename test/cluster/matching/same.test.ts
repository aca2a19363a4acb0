/**
 * Random people, merges, separations, decisions and rules, told to a cluster and to an engine in one process alike: every run finds the same, in
 * the same order and with the same weights, and in the end both hold the same.
 */
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../../src/engine/gateway.ts';
import { SeededRandom } from '../../../src/linkage/seeded-random.ts';
import { EngineError } from '../../../src/model/error.ts';
import { type MatchingState, SUGGESTION_STATES, type Suggestion } from '../../../src/model/matching.ts';
import type { Identifier } from '../../../src/model/profile.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { openCluster, openEmbedded, type TestEngine } from '../../helpers/test-engine.ts';
import { crowd, user } from '../../unit/engine/matching-people.ts';

const SEEDS = [41, 42, 43, 44];
const START_MS = Date.parse('2026-03-01T00:00:00Z');
const ROUNDS = 4;
const OPS_PER_ROUND = 14;

/** What both are told and asked, one after the other. */
type Act = (engine: Gateway) => unknown;

/** The answer, or why there is none. */
async function outcome(engine: Gateway, act: Act): Promise<unknown> {
  try {
    return await act(engine);
  } catch (error) {
    if (error instanceof EngineError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** The numbers of records differ with the shards. */
async function ingest(engine: Gateway, item: object): Promise<unknown> {
  const { seq: _, ...told } = await engine.ingest([item]);
  return told;
}

async function run(engine: Gateway, request: object): Promise<MatchingState> {
  await engine.matching.start(request);
  return engine.matching.settled();
}

async function all(engine: Gateway, limit: number): Promise<Suggestion[][]> {
  const lists: Suggestion[][] = [];
  for (const state of SUGGESTION_STATES) {
    const list: Suggestion[] = [];
    let cursor: string | undefined;
    do {
      const page = await engine.matching.suggestions(state, limit, cursor);
      list.push(...page.suggestions);
      cursor = page.cursor;
    } while (cursor !== undefined);
    lists.push(list);
  }
  return lists;
}

describe.each(SEEDS)('seed %i', (seed) => {
  it('finds, decides and merges what one process does', async () => {
    const random = new SeededRandom(seed);
    const below = (bound: number): number => random.below(bound);
    let nowMs = START_MS;
    const options = { clock: { ...systemClock, nowMs: () => nowMs } };
    const engines: TestEngine[] = [
      await openEmbedded({ ...options, shards: 1 + (seed % 2) }),
      await openCluster(options),
    ];
    const same = async (act: Act): Promise<unknown> => {
      nowMs += 1_000;
      const [alone, together] = [await outcome(engines[0], act), await outcome(engines[1], act)];
      expect(together).toEqual(alone);
      return alone;
    };

    const { items } = crowd(seed, 220);
    const people = items.map((item, i) => {
      const timestamp = new Date(START_MS - below(5) * 86_400_000).toISOString();
      return { ...item, timestamp, ...(i % 3 === 0 ? { anonymousId: `v${i}` } : {}) };
    });
    const visitors = Array.from({ length: 30 }, (_, i) => {
      return { type: 'track', anonymousId: `w${i}`, event: 'Seen', messageId: `w${i}`, timestamp: '2026-02-01' };
    });
    for (const item of [...people, ...visitors]) await same((engine) => ingest(engine, item));

    const anybody = (): Identifier => {
      const i = below(people.length);
      return i % 3 === 0 && below(2) === 0 ? { type: 'anonymous_id', value: `v${i}` } : user(`u${i}`);
    };
    let open: readonly Suggestion[] = [];
    let merges: Identifier[] = [];
    const suggestionAt = (i: number): Suggestion | undefined => open[i % Math.max(1, open.length)];
    const operations: (() => Promise<unknown>)[] = [
      () => {
        const [into, from] = [anybody(), anybody()];
        merges.push(into);
        return same((engine) => engine.mergeProfiles({ into, from }));
      },
      () => {
        const pair = suggestionAt(below(10));
        if (pair === undefined) return Promise.resolve();
        merges.push(pair.a);
        return same((engine) => engine.mergeProfiles({ into: pair.a, from: pair.b }));
      },
      async () => {
        const profile = merges.pop();
        if (profile === undefined) return;
        const graph = await engines[0].identityGraph(profile);
        const merge = graph?.journal.find(({ kind }) => kind === 'merge')?.id;
        if (merge !== undefined) await same((engine) => engine.unmergeProfile({ profile, merge }));
      },
      () => {
        const one = suggestionAt(below(12));
        const decision = below(2) === 0 ? 'accept' : 'reject';
        if (one === undefined) return Promise.resolve();
        return same((engine) => engine.matching.decide(one.id, decision));
      },
      () => {
        const who = below(people.length);
        const traits = { surname: `Name ${below(5)}`, plan: 'pro' };
        const messageId = `late-${nowMs}`;
        const item = {
          type: 'identify',
          userId: `u${who}`,
          traits,
          messageId,
          timestamp: new Date(nowMs).toISOString(),
        };
        return same((engine) => ingest(engine, item));
      },
    ];

    let suggested = 0;
    let merged = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const isAutomatic = round > 1;
      const linkage = { isAutomatic, merge: isAutomatic ? 0.95 : 0.999, review: 0.7 };
      await same(async (engine) => (await engine.setIdentitySettings({ linkage })).settings);
      const request = {
        seed: below(100),
        ...(below(2) === 0 ? { suggestFrom: [0.05, 0.3, 0.9][below(3)] } : {}),
        ...(below(3) === 0 ? { fields: ['surname', 'given_name', 'date_of_birth', 'postcode'] } : {}),
      };
      const state = (await same((engine) => run(engine, request))) as MatchingState;
      expect(state).toMatchObject({ state: 'done' });
      suggested += state.suggested!;
      merged += state.merged ?? 0;
      const limit = 1 + below(40);
      [open] = (await same((engine) => all(engine, limit))) as Suggestion[][];
      for (let op = 0; op < OPS_PER_ROUND; op++) await operations[below(operations.length)]();
      await same((engine) => all(engine, 7));
      merges = merges.slice(-20);
    }
    console.info(`seed ${seed}: ${suggested} suggested, ${merged} merged by the rules`);
    expect(suggested).toBeGreaterThan(40);
    expect(merged).toBeGreaterThan(0);
    await same((engine) => engine.stateHash());
    await Promise.all(engines.map((engine) => engine.close()));
  });
});
