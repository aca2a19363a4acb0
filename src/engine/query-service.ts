/** Questions from the door to the shards and back: check, scatter, gather. One instant per shard; `watermark` names it. */

import { parseIsoDateMs } from '../base/iso-date.ts';
import type { RowSet } from '../bitmap/row-set.ts';
import { EngineError } from '../model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../model/limits.ts';
import type { Expression, QueryAnswer, QueryRequest } from '../model/query.ts';
import { mergeAggregates, ShardQuery } from '../query/execution/shard-query.ts';
import { type CheckedRequest, checkRequest } from '../query/parser/check-request.ts';
import type { Clock } from '../runtime/clock.ts';
import type { WorkerPool } from '../runtime/worker-pool.ts';
import type { Shard } from '../shard/shard.ts';
import { decodeCursor, encodeCursor } from './query-cursor.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_IDS_LIMIT = 1_000;
const DEFAULT_PROFILES_LIMIT = 100;
const EVERYONE: Expression = { and: [] };
/** Rendered profiles between two turns of the event loop. */
const PROFILES_PER_TURN = 256;

export class QueryService {
  queryCount = 0;
  errorCount = 0;
  readonly #shards: readonly Shard[];
  readonly #queries: readonly ShardQuery[];
  readonly #clock: Clock;

  constructor(shards: readonly Shard[], pool: WorkerPool, clock: Clock) {
    this.#shards = shards;
    this.#queries = shards.map((shard) => new ShardQuery(shard.data, pool, { hashSeed: shard.hashSeed }));
    this.#clock = clock;
  }

  /** Bytes of bitmaps and other derived indexes. */
  get usedBytes(): number {
    return this.#queries.reduce((sum, query) => sum + query.memoryBytes, 0);
  }

  async query(request: QueryRequest, signal?: AbortSignal): Promise<QueryAnswer> {
    this.queryCount += 1;
    try {
      return await this.#answer(checkRequest(request), signal);
    } catch (error) {
      this.errorCount += 1;
      throw error;
    }
  }

  async #answer(request: CheckedRequest, signal: AbortSignal | undefined): Promise<QueryAnswer> {
    const startedMs = this.#clock.monotonicMs();
    const expression = request.where ?? EVERYONE;
    const atMs = request.at === undefined ? undefined : parseIsoDateMs(request.at);
    const options = {
      nowMs: atMs ?? this.#clock.nowMs(),
      atMs,
      signal,
      timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    };
    const watermark = this.#shards.map((shard) => shard.appliedSeq);
    const kind = request.as ?? 'count';
    if (kind !== 'count' && kind !== 'ids' && kind !== 'profiles' && kind !== 'aggregate') {
      throw new EngineError(
        'query_unsupported',
        `"as": "${kind}" is not supported yet; use count, ids, profiles or aggregate`,
      );
    }
    const selections = await Promise.all(this.#queries.map((query) => query.select(expression, options)));
    const finish = (): { tookMs: number; watermark: readonly number[] } => ({
      tookMs: Math.round((this.#clock.monotonicMs() - startedMs) * 1_000) / 1_000,
      watermark,
    });
    if (kind === 'count') {
      const count = selections.reduce((sum, rows) => sum + rows.cardinality, 0);
      return { count, ...finish() };
    }
    if (kind === 'aggregate') {
      const { aggregate } = request;
      if (aggregate === undefined)
        throw new EngineError('query_invalid', '"as": "aggregate" needs "aggregate": {"fn", …}');
      const parts = await Promise.all(
        this.#queries.map((query, i) => query.aggregate(aggregate, selections[i], options)),
      );
      return { value: mergeAggregates(aggregate.fn, parts), ...finish() };
    }
    if (kind === 'ids') {
      const page = this.#page(request, selections, DEFAULT_IDS_LIMIT);
      const ids = page.rows.map(({ shard, row }) => shard.renderer.idOf(row));
      return { ids, ...(page.cursor === undefined ? {} : { cursor: page.cursor }), ...finish() };
    }
    const page = this.#page(request, selections, DEFAULT_PROFILES_LIMIT);
    const profiles = await this.#profiles(request, page.rows);
    return { profiles, ...(page.cursor === undefined ? {} : { cursor: page.cursor }), ...finish() };
  }

  /** The page after the cursor, in the order of shards and rows: rows never move, so pages hold under writes. */
  #page(
    request: CheckedRequest,
    selections: readonly RowSet[],
    defaultLimit: number,
  ): { rows: { shard: Shard; row: number }[]; cursor: string | undefined } {
    const limit = request.limit ?? defaultLimit;
    if (limit > DEFAULT_QUERY_LIMITS.pageLimit) {
      throw new EngineError(
        'query_invalid',
        `limit may be at most ${DEFAULT_QUERY_LIMITS.pageLimit}; use the cursor for more`,
      );
    }
    const from = decodeCursor(request.cursor, this.#shards.length);
    const rows: { shard: Shard; row: number }[] = [];
    for (let index = from.shardIndex; index < selections.length; index++) {
      const shard = this.#shards[index];
      const firstRow = index === from.shardIndex ? from.row : 0;
      const found = selections[index].rowsFrom(firstRow, limit - rows.length + 1);
      for (const row of found) {
        if (rows.length === limit) return { rows, cursor: encodeCursor({ shardIndex: index, row }) };
        rows.push({ shard, row });
      }
    }
    return { rows, cursor: undefined };
  }

  async #profiles(request: CheckedRequest, rows: readonly { shard: Shard; row: number }[]): Promise<unknown[]> {
    const options = { fields: request.fields, events: request.events };
    const profiles: unknown[] = [];
    for (const { shard, row } of rows) {
      if (profiles.length > 0 && profiles.length % PROFILES_PER_TURN === 0) await this.#clock.yieldTurn();
      shard.renderer.render(row, options);
      const { bytes, start, end } = shard.renderer;
      profiles.push(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')));
    }
    return profiles;
  }

  close(): void {
    for (const query of this.#queries) query.close();
  }
}
