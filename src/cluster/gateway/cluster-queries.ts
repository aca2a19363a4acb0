/** Questions about everybody at a router: read here, answered in parts by the shards, put together here. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { answererOf } from '../../engine/answer/answerer.ts';
import { idsJson } from '../../engine/answer/id-list.ts';
import { selectIds } from '../../engine/answer/page.ts';
import type { QueryAnswer, QueryRequest } from '../../model/query.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { GatheredQuestionReader } from '../gather/question-reader.ts';
import type { Gathered, GatherOptions } from '../question/gather.ts';
import type { ClusterAccounts } from './cluster-accounts.ts';

export interface ClusterQueriesParts {
  /** Know what conditions on accounts hold of. */
  readonly accounts: ClusterAccounts;
  readonly reader: GatheredQuestionReader;
  readonly clock: Clock;
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
  async query(request: QueryRequest, signal?: CancelSignal): Promise<QueryAnswer> {
    const { clock, reader, accounts } = this.#parts;
    this.queryCount += 1;
    try {
      const startedMs = clock.monotonicMs();
      const { request: checked, warnings } = await reader.read(request);
      const answerer = answererOf(checked.as ?? 'count');
      const gathered = await accounts.gather(answerer, checked, this.#options(request, signal));
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

  async *queryJson(request: QueryRequest, signal?: CancelSignal): AsyncGenerator<Uint8Array, void, void> {
    if (request.as !== 'ids') {
      yield Buffer.from(JSON.stringify(await this.query(request, signal)));
      return;
    }
    const { clock, reader, accounts } = this.#parts;
    this.queryCount += 1;
    let gathered: Gathered<Awaited<ReturnType<typeof selectIds>>>;
    let tail: object;
    try {
      const startedMs = clock.monotonicMs();
      const { request: checked, warnings } = await reader.read(request);
      gathered = await accounts.gather(selectIds, checked, this.#options(request, signal));
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

  #options({ partial }: QueryRequest, signal: CancelSignal | undefined): GatherOptions {
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
}
