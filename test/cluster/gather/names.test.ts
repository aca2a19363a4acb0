import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatheredNameCheck, type NameShards } from '../../../src/cluster/gather/name-check.ts';
import { GatheredQuestionReader } from '../../../src/cluster/gather/question-reader.ts';
import { NameCheck } from '../../../src/engine/name-check.ts';
import { mergeNearest, mergeUnknown, nearestNames, unknownNames } from '../../../src/engine/name-lookup.ts';
import { QuestionReader } from '../../../src/engine/question-reader.ts';
import { SegmentStore } from '../../../src/engine/segment-store.ts';
import { EngineError } from '../../../src/model/error.ts';
import type { QueryRequest, QueryWarning } from '../../../src/model/query.ts';
import { analysis } from '../../oracle/generate/analysis.ts';
import { expression } from '../../oracle/generate/expression.ts';
import { testSeed } from '../../process/seed.ts';
import { type Core, START_MS } from '../../sim/core.ts';
import { crossed, randomCore } from './world.ts';

const QUESTIONS: readonly QueryRequest[] = [
  { where: 'contry = "DE" and totl > 5 and country exists and nothingLikeIt = 1' },
  { where: 'did "Order Complted" where total > 1 and did "Order Completed" where totall > trait contry' },
  { where: 'did "Rare Thing" then "Rar Thing" where a = 1 without "Page Opned" and products.skuu = 1' },
  { where: 'account (industri = "x" and seats > 1 and first_sen within last 7d) and last_sen exists' },
  { where: { trait: 'adress.city', op: 'eq', value: 'x' }, strict: true },
  { where: 'isStaf = true', strict: true },
  { where: 'in segment germn and contry = "DE"' },
  { where: 'in segment german and contry = "DE"' },
  { of: 'accounts', where: 'indstry = "x"', as: 'count' },
  { where: 'country = "DE"', as: 'breakdown', breakdown: { by: ['cuntry', 'isStaf', 'total'] } },
  { where: Array.from({ length: 30 }, (_, i) => `unknown${i} exists`).join(' and ') },
];

function namesOf({ shards }: Core, calls: string[]): NameShards {
  return {
    unknown: async (names) => {
      calls.push('unknown');
      return shards.map((shard) => crossed(unknownNames([shard], crossed(names))));
    },
    nearest: async (names) => {
      calls.push('nearest');
      return shards.map((shard) => crossed(nearestNames([shard], crossed(names))));
    },
  };
}

/** What came of it, errors too, as it can be compared. */
async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { code: error.code, message: error.message, details: error.details, span: error.span };
  }
}

describe('what is said about names, from parts', () => {
  const seed = testSeed('names from parts');
  const segments = new SegmentStore();
  segments.save('german', { name: undefined, description: undefined, where: { trait: 'country', op: 'exists' } }, 0);

  it.each([1, 2, 5])('of %i shard(s) is that of the engine in one process', async (shardCount) => {
    const core = await randomCore(seed, shardCount);
    const embedded = new QuestionReader(segments, new NameCheck(core.shards));
    const gathered = new GatheredQuestionReader(segments, new GatheredNameCheck(namesOf(core, [])));
    const wheres = fc.sample(expression(START_MS, ['german']), { seed, numRuns: 150 });
    const analyses = fc.sample(analysis(START_MS, ['german']), { seed, numRuns: 100 });
    const questions: readonly QueryRequest[] = [
      ...QUESTIONS,
      ...wheres.map((where, i) => ({ where, strict: i % 5 === 0 })),
      ...analyses,
    ];
    let warned = 0;
    let suggested = 0;
    for (const question of questions) {
      const whole = await outcome(() => embedded.read(question));
      expect(await outcome(() => gathered.read(question))).toEqual(whole);
      const warnings: readonly QueryWarning[] = (whole as { warnings?: readonly QueryWarning[] }).warnings ?? [];
      warned += warnings.length;
      suggested += warnings.filter(({ suggestion }) => suggestion !== undefined).length;
    }
    expect([warned > 20, suggested > 10]).toEqual([true, true]);
  });

  it('takes the nearest of all shards, of equally near ones the first, and as unknown what all do not know', () => {
    const names = [{ kind: 'trait', name: 'contry' }] as const;
    expect(mergeNearest(names, [['controy1'], ['country'], ['contra']])).toEqual(['country']);
    expect(mergeNearest(names, [[null], ['contrx'], ['contry1']])).toEqual(['contrx']);
    expect(mergeNearest(names, [[null], [null]])).toEqual([null]);
    expect(
      mergeUnknown([
        [0, 2, 5],
        [2, 3, 5],
        [5, 2],
      ]),
    ).toEqual([2, 5]);
    expect(mergeUnknown([])).toEqual([]);
  });

  it('asks nobody about what was found before, and for near names only where some are missing', async () => {
    const core = await randomCore(seed, 2);
    const calls: string[] = [];
    const names = new GatheredNameCheck(namesOf(core, calls));
    const reader = new GatheredQuestionReader(segments, names);
    for (let i = 0; i < 3; i++) {
      await reader.read({ where: 'country = "DE" and did "Order Completed" where total > 1' });
      expect(calls).toEqual(['unknown']);
    }
    await reader.read({ where: 'country = "DE" and contry = "DE"' });
    expect(calls).toEqual(['unknown', 'unknown', 'nearest']);
    await core.ingest([{ type: 'identify', userId: 'u1', traits: { contry: 'DE' } }]);
    expect((await reader.read({ where: 'contry = "DE"' })).warnings).toEqual([]);
    calls.length = 0;
    await reader.read({ where: 'contry = "DE"' });
    expect(calls).toEqual([]);
  });
});
