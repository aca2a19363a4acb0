/** Questions from the door to the shards and back: check, scatter, gather. One instant per shard; `watermark` names it. */
import type { CancelSignal } from '../base/cancel-source.ts';
import type { QueryAnswer, QueryRequest } from '../model/query.ts';
import type { ShardData } from '../profile/shard-data.ts';
import { Admission } from '../query/execution/admission.ts';
import { ShardQuery } from '../query/execution/shard-query.ts';
import type { CheckedRequest } from '../query/parser/check-request.ts';
import type { Clock } from '../runtime/clock.ts';
import type { WorkerPool } from '../runtime/worker-pool.ts';
import type { Shard } from '../shard/shard.ts';
import { AccountService } from './account/account-service.ts';
import { answererOf } from './answer/answerer.ts';
import { askOptions, conditionsOf, DEFAULT_TIMEOUT_MS, EVERYONE } from './answer/ask-options.ts';
import { idsJson } from './answer/id-list.ts';
import { selectIds } from './answer/page.ts';
import { PartServer } from './answer/part-server.ts';
import { Question } from './answer/question.ts';
import type { QuestionReader } from './question-reader.ts';

/** Large questions to a shard that are worked on at a time, and that wait for it; small ones are never kept waiting. */
const ACTIVE_COUNT = 16;
const WAITING_COUNT = 1_000;

export class QueryService {
  queryCount = 0;
  errorCount = 0;
  readonly accounts: AccountService;
  readonly #shards: readonly Shard[];
  readonly #queries: readonly ShardQuery[];
  readonly #clock: Clock;
  readonly #reader: QuestionReader;
  readonly #assertKept: (atMs: number) => void;
  readonly #overOthers: (data: ShardData) => ShardQuery;
  /** One a shard: answers for a process that gathers the parts of many. */
  readonly partServers: readonly PartServer[];
  /** Resolves when the last turn asked for has come. */
  #turns: Promise<void> = Promise.resolve();
  /** Questions that are being answered. */
  #openCount = 0;

  /** `assertKept`: whether traits are known as of the moment. `runSizeBytesMax`: of all shards together, for the order of events. */
  constructor(
    shards: readonly Shard[],
    pool: WorkerPool,
    clock: Clock,
    reader: QuestionReader,
    assertKept: (atMs: number) => void,
    runSizeBytesMax?: number,
  ) {
    this.#shards = shards;
    this.#assertKept = assertKept;
    const admission = new Admission(ACTIVE_COUNT, WAITING_COUNT);
    const queryOptions = {
      hashSeed: shards[0].hashSeed,
      admission,
      yieldTurn: () => this.#nextTurn(),
      monotonicMs: clock.monotonicMs,
    };
    this.#queries = shards.map(({ data, hashSeed }) => {
      const share = runSizeBytesMax === undefined ? undefined : Math.floor(runSizeBytesMax / shards.length);
      return new ShardQuery(data, pool, { ...queryOptions, hashSeed, runSizeBytesMax: share });
    });
    this.#overOthers = (data) => new ShardQuery(data, pool, { ...queryOptions, hashSeed: data.hashSeed });
    this.accounts = new AccountService({ shards, queries: this.#queries, pool, clock, queryOptions });
    this.#clock = clock;
    this.#reader = reader;
    this.partServers = shards.map((shard, i) => new PartServer({ shard, query: this.#queries[i], clock, assertKept }));
  }

  /** For rows that are not a shard's people: with the same workers, in the same line. To be closed. */
  queryOver(data: ShardData): ShardQuery {
    return this.#overOthers(data);
  }

  /** Bytes of bitmaps and other derived indexes. */
  get usedBytes(): number {
    return this.#queries.reduce((sum, query) => sum + query.memoryBytes, this.accounts.usedBytes);
  }

  async query(request: QueryRequest, signal?: CancelSignal): Promise<QueryAnswer> {
    this.queryCount += 1;
    this.#openCount += 1;
    try {
      const { request: checked, warnings } = this.#reader.read(request);
      // Alone it begins at once; with others it begins in a turn of its own.
      if (this.#openCount > 1) await this.#nextTurn();
      const answer = await this.#answer(checked, signal);
      return warnings.length === 0 ? answer : { ...answer, warnings };
    } catch (error) {
      this.errorCount += 1;
      throw error;
    } finally {
      this.#openCount -= 1;
    }
  }

  /** A turn of its own for each who asks, in the order of asking: so lookups wait for one slice, however many questions are under way. */
  #nextTurn(): Promise<void> {
    this.#turns = this.#turns.then(() => this.#clock.yieldTurn());
    return this.#turns;
  }

  /** The answer as JSON bytes, in pieces: ids never become one text, nor strings. */
  async *queryJson(request: QueryRequest, signal?: CancelSignal): AsyncGenerator<Uint8Array, void, void> {
    if (request.as !== 'ids') {
      yield Buffer.from(JSON.stringify(await this.query(request, signal)));
      return;
    }
    this.queryCount += 1;
    let page: Awaited<ReturnType<typeof selectIds>>;
    let tail: object;
    try {
      const { request: checked, warnings } = this.#reader.read(request);
      const startedMs = this.#clock.monotonicMs();
      const made = this.#questionOf(checked, signal);
      const question = made instanceof Question ? made : await made;
      page = await selectIds(question);
      const { cursor } = page;
      tail = {
        ...(cursor === undefined ? {} : { cursor }),
        ...this.#closing(question, startedMs),
        ...(warnings.length === 0 ? {} : { warnings }),
      };
    } catch (error) {
      this.errorCount += 1;
      throw error;
    }
    yield* idsJson(page.items, tail, this.#clock.yieldTurn);
  }

  async #answer(request: CheckedRequest, signal: CancelSignal | undefined): Promise<QueryAnswer> {
    const startedMs = this.#clock.monotonicMs();
    const answerer = answererOf(request.as ?? 'count');
    const made = this.#questionOf(request, signal);
    const question = made instanceof Question ? made : await made;
    const body = await answerer(question);
    return { ...body, ...this.#closing(question, startedMs) };
  }

  /** At once where it has nothing to do with accounts. */
  #questionOf(request: CheckedRequest, signal: CancelSignal | undefined): Question | Promise<Question> {
    const options = askOptions(request, {
      nowMs: this.#clock.nowMs(),
      timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      signal,
      assertKept: this.#assertKept,
    });
    const { where = EVERYONE } = request;
    if (request.of === 'accounts') return this.accounts.question(request, where, options);
    const parts = { shards: this.#shards, queries: this.#queries, clock: this.#clock };
    const prepared = this.accounts.prepared(conditionsOf(request), options);
    if (prepared === undefined) return new Question(request, where, options, parts);
    return prepared.then((ready) => new Question(request, where, ready, parts));
  }

  /** What every answer ends with. */
  #closing(question: Question, startedMs: number): Pick<QueryAnswer, 'tookMs' | 'watermark' | 'plan'> {
    const plan = question.plan();
    const tookMs = Math.round((this.#clock.monotonicMs() - startedMs) * 1_000) / 1_000;
    return { tookMs, watermark: question.watermark, ...(plan === undefined ? {} : { plan }) };
  }

  close(): void {
    for (const server of this.partServers) server.end();
    for (const query of this.#queries) query.close();
    this.accounts.close();
  }
}
