/** Questions about everybody at a router: read here, answered in parts by the shards, put together here. */
import { idsJson } from '../../engine/answer/id-list.ts';
import type { FurtherAnswer, PartAnswer } from '../../engine/answer/part-server.ts';
import type { QueryAnswer, QueryRequest } from '../../model/query.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { GatheredQuestionReader } from '../gather/question-reader.ts';
import { type Gathered, type GatherOptions, gatherAnswer, gatherIds } from '../question/gather.ts';
import type { QuestionPort } from '../question/question-port.ts';
import type { ShardCaller } from './shard-caller.ts';

const FENCE_TIMEOUT_MS = 2_000;

export interface ClusterQueriesParts {
  readonly caller: ShardCaller;
  readonly reader: GatheredQuestionReader;
  readonly clock: Clock;
  readonly shardCount: () => number;
  /** Slots of a shard. */
  readonly slotCountOf: (shard: number) => number;
}

export class ClusterQueries {
  queryCount = 0;
  errorCount = 0;
  readonly #parts: ClusterQueriesParts;

  constructor(parts: ClusterQueriesParts) {
    this.#parts = parts;
  }

  /** Errors: as of an engine in one process; shard_unavailable, unless `partial` is asked for. */
  async query(request: QueryRequest, signal?: AbortSignal): Promise<QueryAnswer> {
    const { clock, reader } = this.#parts;
    this.queryCount += 1;
    try {
      const startedMs = clock.monotonicMs();
      const { request: checked, warnings } = await reader.read(request);
      const gathered = await gatherAnswer(checked, this.#ports(), this.#options(request, signal));
      return {
        ...gathered.body,
        ...this.#closing(gathered, startedMs),
        ...(warnings.length === 0 ? {} : { warnings }),
      };
    } catch (error) {
      this.errorCount += 1;
      throw error;
    }
  }

  async *queryJson(request: QueryRequest, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    if (request.as !== 'ids') {
      yield Buffer.from(JSON.stringify(await this.query(request, signal)));
      return;
    }
    const { clock, reader } = this.#parts;
    this.queryCount += 1;
    let gathered: Awaited<ReturnType<typeof gatherIds>>;
    let tail: object;
    try {
      const startedMs = clock.monotonicMs();
      const { request: checked, warnings } = await reader.read(request);
      gathered = await gatherIds(checked, this.#ports(), this.#options(request, signal));
      const { cursor } = gathered.body;
      tail = {
        ...(cursor === undefined ? {} : { cursor }),
        ...this.#closing(gathered, startedMs),
        ...(warnings.length === 0 ? {} : { warnings }),
      };
    } catch (error) {
      this.errorCount += 1;
      throw error;
    }
    yield* idsJson(gathered.body.items, tail, () => clock.yieldTurn());
  }

  #options({ partial }: QueryRequest, signal: AbortSignal | undefined): GatherOptions {
    const { clock } = this.#parts;
    return { nowMs: clock.nowMs(), clock, signal, allowMissing: partial === true };
  }

  /** What every answer ends with. */
  #closing(
    { watermark, plan, missing }: Gathered<unknown>,
    startedMs: number,
  ): Pick<QueryAnswer, 'tookMs' | 'watermark' | 'plan' | 'missing'> {
    const { clock, slotCountOf } = this.#parts;
    const tookMs = Math.round((clock.monotonicMs() - startedMs) * 1_000) / 1_000;
    const slots = (missing ?? []).reduce((sum, shard) => sum + slotCountOf(shard), 0);
    return {
      tookMs,
      watermark,
      ...(plan === undefined ? {} : { plan }),
      ...(missing === undefined ? {} : { missing: { shards: missing, slots } }),
    };
  }

  #ports(): QuestionPort[] {
    const { caller, shardCount } = this.#parts;
    return Array.from(
      { length: shardCount() },
      (_, shard): QuestionPort => ({
        open: (request, signal) =>
          caller.call<PartAnswer>(shard, 'part_open', request, { signal, timeoutMs: request.timeoutMs }),
        further: (handle, ask, signal) =>
          caller.call<FurtherAnswer>(shard, 'part_further', { handle, ask }, { signal }),
        raise: (signal) => caller.call<number>(shard, 'raise_fence', null, { signal, timeoutMs: FENCE_TIMEOUT_MS }),
        lower: (fence) => {
          // One that is not told ends by itself.
          caller.call(shard, 'lower_fence', { fence }).catch(() => undefined);
        },
        close: (handle) => {
          // One that is not told closes it at the question's time limit.
          caller.call(shard, 'part_close', { handle }).catch(() => undefined);
        },
      }),
    );
  }
}
