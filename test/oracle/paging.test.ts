/**
 * Pages of one to three ids, with a batch between any two of them: who was there before and stays in is met exactly once. Whoever's name
 * goes to another place by a merge on the way may be met at both or at neither.
 */
import { expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { Expression } from '../../src/model/expression.ts';
import { askIds, saveSegments, send } from './engine-ask.ts';
import { crashing, manualClock } from './engine-host.ts';
import type { Batch } from './generate/batch.ts';
import { identityOf, segmentsOf, type World } from './generate/world.ts';
import { NaiveModel } from './naive/naive-model.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';
import { mayBeRefused } from './unsupported.ts';

let pageCount = 0;
/** People who had to be met. */
let keptCount = 0;

/** All pages; `between` is run after each. */
async function pagesOf(
  engine: Engine,
  where: Expression,
  limit: number,
  between: () => Promise<void>,
): Promise<readonly string[]> {
  const paged: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.query({ where, as: 'ids', limit, cursor });
    if (!('ids' in page)) throw new TypeError('asked for ids');
    if (page.ids.length > limit) throw new TypeError(`a page of ${page.ids.length}`);
    paged.push(...page.ids);
    cursor = page.cursor;
    pageCount += 1;
    await between();
  } while (cursor !== undefined);
  return paged;
}

/** Ids of profiles, and the identifier by which each is kept: another one means another place. */
function placesOf(naive: NaiveModel): ReadonlyMap<string, string> {
  return new Map(naive.profiles.map(({ id, identifiers }) => [id, JSON.stringify(identifiers[0])]));
}

/** One question a world, about to be asked while the second half of the batches arrives. */
function checkPaging(world: World, shardCount: number): Promise<string | undefined> {
  return crashing(shardCount, async (host) => {
    const clock = manualClock();
    clock.time = world.nowMs;
    const engine = await host.open(clock, identityOf(world));
    const naive = new NaiveModel(identityOf(world));
    const feed = async (batch: Batch, index: number): Promise<void> => {
      const { items, sentAtMs, isImport } = batch;
      naive.ingest(items, { receivedAtMs: world.nowMs, sentAt: sentAtMs, isImport });
      await send(engine, batch, index);
    };
    try {
      await saveSegments(engine, world.segments ?? []);
      const half = Math.ceil(world.batches.length / 2);
      for (const [i, batch] of world.batches.slice(0, half).entries()) await feed(batch, i);
      const later = [...world.batches.slice(half)];
      const segments = segmentsOf(world);
      for (const [i, { where }] of world.questions.entries()) {
        if (mayBeRefused({ where }, segments)) continue;
        // Whoever is in at every moment, at one place, must be met; the id of a visitor who becomes a user is another one.
        let always = (await askIds(engine, { where }, segments)) ?? new Set<string>();
        let places = placesOf(naive);
        const moved = new Set<string>();
        const paged = await pagesOf(engine, where, 1 + (i % 3), async () => {
          const batch = later.shift();
          if (batch === undefined) return;
          await feed(batch, half + i);
          const now = (await askIds(engine, { where }, segments)) ?? new Set<string>();
          always = new Set([...always].filter((id) => now.has(id)));
          const next = placesOf(naive);
          for (const [id, place] of places) if (next.get(id) !== place) moved.add(id);
          places = next;
        });
        const repeated = paged.filter((id, at) => paged.indexOf(id) !== at && !moved.has(id));
        if (repeated.length > 0) return `${repeated.join()} on two pages for ${JSON.stringify(where)}`;
        const missed = [...always].filter((id) => !paged.includes(id) && !moved.has(id));
        if (missed.length > 0) return `${missed.join()} on no page for ${JSON.stringify(where)}`;
        keptCount += [...always].filter((id) => !moved.has(id)).length;
      }
      return undefined;
    } finally {
      await host.stop(engine);
    }
  });
}

test.each([1, 4])(
  'for any world small pages of %i shards hold under writes',
  async (shardCount) => {
    pageCount = 0;
    keptCount = 0;
    const check = (world: World): Promise<string | undefined> => checkPaging(world, shardCount);
    await runProperty({ worldCount: 6, questionCount: 10, salt: 80 + shardCount, check });
    expect(pageCount).toBeGreaterThan(50);
    expect(keptCount).toBeGreaterThan(50);
  },
  TIMEOUT_MS,
);
