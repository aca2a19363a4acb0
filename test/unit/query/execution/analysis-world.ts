/** Random profiles and events in one or several shards, and one question put to the engine's answerers and to the naive model. */

import { answererOf } from '../../../../src/engine/answer/answerer.ts';
import { Question } from '../../../../src/engine/answer/question.ts';
import type { AnswerBody, QueryRequest } from '../../../../src/model/query.ts';
import { ProfileRenderer } from '../../../../src/profile/profile-renderer.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { checkRequest } from '../../../../src/query/parser/check-request.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import type { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import type { Shard } from '../../../../src/shard/shard.ts';
import { NaiveModel } from '../../../oracle/naive/naive-model.ts';
import { HASH_SEED, type Item, identify, NOW_MS, track, World } from './world.ts';

export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)];
}

const COUNTRIES = ['DE', 'FR', 'Ä', '😀', '', 7, true, false, null, undefined];
const TAGS = [['a'], ['a', 'b'], ['b', 'b', 1], [], 'a', [[2, 'c'], { x: 1 }], undefined];
/** Of a world one list: their numbers are kept as f64, as hundredths and as ten-thousandths. */
const AMOUNTS = [
  [0, 5, 5, 10, 19.99, -3, 1e9, 'free', null, undefined, [1, 2.5, 'x'], true],
  [0, 5, 5, 10, 19.99, -3, 400.25, 'free', null, undefined, [1, 2.5, 'x'], true],
  [0, 5, 5, 10.5, 0.1875, -3, 1.005, 'free', null, undefined, [1, 2.5, 'x'], true],
];

/** Shards that share nothing but the question. */
export class AnalysisWorld {
  readonly worlds: readonly World[];
  readonly naive = new NaiveModel();
  readonly #queries: readonly ShardQuery[];
  readonly #shards: readonly Shard[];

  constructor(shardCount: number, pool: WorkerPool | undefined) {
    this.worlds = Array.from({ length: shardCount }, () => new World());
    const options = { hashSeed: HASH_SEED, workerThresholdNs: 0 };
    this.#queries = this.worlds.map(({ data }) => new ShardQuery(data, pool, options));
    this.#shards = this.worlds.map(({ data }) => ({ data, renderer: new ProfileRenderer(data) }) as unknown as Shard);
  }

  add(item: Item): void {
    const shard = [...item.userId].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % this.worlds.length;
    this.worlds[shard].apply([item]);
    this.naive.ingest([item], { receivedAtMs: NOW_MS });
  }

  fill(random: Random, profileCount: number, eventCount: number): void {
    for (let p = 0; p < profileCount; p++) {
      const userId = `u${p}`;
      const country = pick(random, COUNTRIES);
      const tags = pick(random, TAGS);
      this.add(
        identify(userId, {
          ...(country === undefined ? {} : { country }),
          ...(tags === undefined ? {} : { tags }),
          ...(random() < 0.5 ? { age: Math.floor(random() * 5) * 10.5 } : {}),
          ...(random() < 0.2 ? { age: 'old' } : {}),
        }),
      );
    }
    const amounts = pick(random, AMOUNTS);
    for (let e = 0; e < eventCount; e++) {
      const userId = `u${Math.floor(random() ** 2 * profileCount)}`;
      const event = pick(random, ['Order', 'Order', 'Visit']);
      // Whole days often, so that events share their time.
      const daysAgo = random() < 0.6 ? Math.floor(random() * 90) : random() * 90;
      const total = pick(random, amounts);
      const sku = pick<unknown>(random, ['A', 'B', ['A', 'B'], ['B', 'C', 'C'], 3, undefined]);
      const properties = {
        ...(total === undefined ? {} : { total }),
        ...(sku === undefined ? {} : { sku }),
        order: `o${Math.floor(random() * 20)}`,
        hour: Math.floor(random() * 24),
      };
      this.add(
        track(userId, event, daysAgo, properties, random() < 0.3 ? { ip: pick(random, ['x', 'y']) } : undefined),
      );
    }
  }

  ask(request: QueryRequest): Promise<AnswerBody> {
    const checked = checkRequest(request);
    const options = { nowMs: NOW_MS };
    const parts = { shards: this.#shards, queries: this.#queries, clock: systemClock };
    return answererOf(checked.as!)(new Question(checked, checked.where ?? { and: [] }, options, parts));
  }
}
