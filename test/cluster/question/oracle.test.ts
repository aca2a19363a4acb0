/** Random worlds and every kind of question of the oracle: gathered out of the shards' parts, the answer is that of the whole engine. */
import { expect, test } from 'vitest';
import type { QueryRequest } from '../../../src/model/query.ts';
import { saveSegments, send } from '../../oracle/engine-ask.ts';
import { crashing, manualClock } from '../../oracle/engine-host.ts';
import { identityOf, segmentsOf as savedOf, type World } from '../../oracle/generate/world.ts';
import { runProperty, TIMEOUT_MS } from '../../oracle/property-run.ts';
import { BothWays, segmentsOf } from './both-ways.ts';

const tally = { answerCount: 0, refusalCount: 0 };

/** A question as each of the kinds that ask for profiles. */
function formsOf({ where, at }: World['questions'][number], index: number): readonly QueryRequest[] {
  const shown = { where, at, events: index % 3, ...(index % 2 === 0 ? {} : { fields: ['traits', 'last_seen'] }) };
  return [
    { where, at },
    { where, at, as: 'ids' },
    { as: 'profiles', ...shown },
    { where, at, explain: true },
    { where, at, mode: 'estimate' },
  ];
}

async function compared(both: BothWays, world: World): Promise<string | undefined> {
  const { questions, measures = [], analyses = [] } = world;
  const requests: QueryRequest[] = [
    ...questions.flatMap(formsOf),
    ...measures.map(({ where, aggregate }): QueryRequest => ({ where, as: 'aggregate', aggregate })),
    ...analyses,
    ...analyses.map((analysis): QueryRequest => ({ ...analysis, explain: true })),
  ];
  for (const request of requests) {
    const found = await both.difference(request);
    if (found !== undefined) return found;
  }
  for (const [index, { where, at }] of questions.entries()) {
    const found = await both.pagedDifference({ where, at, as: index % 2 === 0 ? 'ids' : 'profiles' }, 1 + (index % 3));
    if (found !== undefined) return found;
  }
  for (const analysis of analyses) {
    const found = analysis.rfm === undefined ? undefined : await both.pagedDifference(analysis, 2);
    if (found !== undefined) return found;
  }
  return undefined;
}

function check(world: World, shardCount: number): Promise<string | undefined> {
  return crashing(shardCount, async (host) => {
    const clock = manualClock();
    const engine = await host.open(clock, identityOf(world));
    try {
      await saveSegments(engine, world.segments ?? []);
      for (const [index, batch] of world.batches.entries()) {
        clock.time = batch.receivedAtMs;
        await send(engine, batch, index);
      }
      clock.time = world.nowMs;
      const both = new BothWays(engine, () => clock.time, segmentsOf(savedOf(world)));
      const found = await compared(both, world);
      tally.answerCount += both.answerCount;
      tally.refusalCount += both.refusalCount;
      return found;
    } finally {
      await host.stop(engine);
    }
  });
}

test.each([1, 3])(
  'for any world %i shards answer in other processes as in one',
  async (shardCount) => {
    tally.answerCount = tally.refusalCount = 0;
    const salt = 500 + shardCount;
    await runProperty({ worldCount: 4, questionCount: 30, salt, check: (world) => check(world, shardCount) });
    console.info(`${shardCount} shards: ${tally.answerCount} answers and ${tally.refusalCount} refusals alike`);
    expect(tally.answerCount).toBeGreaterThan(200);
    expect(tally.refusalCount / tally.answerCount).toBeLessThan(0.2);
  },
  TIMEOUT_MS,
);
