/**
 * Questions that have to do with accounts. The index behind them is made when the first one comes, in slices, and kept up from then on, so
 * who has no accounts pays nothing for them.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { Account } from '../../model/account.ts';
import { EngineError } from '../../model/error.ts';
import type { AccountLeaf, Expression } from '../../model/expression.ts';
import type { ResultKind } from '../../model/query.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { type SelectOptions, ShardQuery, type ShardQueryOptions } from '../../query/execution/shard-query.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { WorkerPool } from '../../runtime/worker-pool.ts';
import type { Shard } from '../../shard/shard.ts';
import type { AnsweringShard } from '../answer/answering-shard.ts';
import { Question } from '../answer/question.ts';
import { AccountBook } from './account-book.ts';
import { AccountConditions, leavesOf } from './account-conditions.ts';
import { AccountRenderer } from './account-renderer.ts';
import { AccountTable } from './account-table.ts';

export interface AccountServiceParts {
  readonly shards: readonly Shard[];
  /** One a shard, over its people. */
  readonly queries: readonly ShardQuery[];
  readonly pool: WorkerPool;
  readonly clock: Clock;
  readonly queryOptions: ShardQueryOptions;
}

/** What has a meaning for accounts, which have no events of their own. */
const KINDS: readonly ResultKind[] = ['count', 'ids', 'profiles', 'aggregate', 'breakdown'];

export interface Opened {
  readonly book: AccountBook;
  readonly query: ShardQuery;
  readonly shard: AnsweringShard;
}

/** In a cluster: where accounts are. */
export interface AccountsElsewhere {
  /** Bytes of accounts that are kept in this process for all. */
  readonly usedBytes: number;
  /** As `AccountService.prepared`, of conditions of which at least one has a leaf about accounts. */
  prepare(expressions: readonly Expression[], options: SelectOptions): Promise<SelectOptions>;
}

export class AccountService {
  /** Set in a cluster, whose accounts are those of all shards. */
  elsewhere: AccountsElsewhere | undefined;
  readonly #parts: AccountServiceParts;
  #opened: Opened | undefined;

  constructor(parts: AccountServiceParts) {
    this.#parts = parts;
  }

  get usedBytes(): number {
    if (this.#opened === undefined) return this.elsewhere?.usedBytes ?? 0;
    const { book, query } = this.#opened;
    return book.table.data.memory.usedBytes + query.memoryBytes;
  }

  #open(): Opened {
    if (this.#opened === undefined) {
      const { shards, pool, queryOptions } = this.#parts;
      const book = new AccountBook(
        shards.map(({ data }) => data),
        (sources) => new AccountTable(sources),
      );
      const { data } = book.table;
      const beforeCapture = (): void => void book.view();
      const query = new ShardQuery(data, pool, { ...queryOptions, beforeCapture });
      const renderer = new AccountRenderer(data, (account) => book.peopleCountOf(account));
      this.#opened = { book, query, shard: { data, renderer, appliedSeq: 0 } };
    }
    return this.#opened;
  }

  /** The book with everything that has come. Errors: query_cancelled. */
  async current(signal?: CancelSignal | undefined): Promise<Opened> {
    const opened = this.#open();
    await this.#conditions({ nowMs: 0, signal }).catchUp();
    return opened;
  }

  #conditions(options: SelectOptions): AccountConditions {
    const { book, query } = this.#open();
    const { queries, clock } = this.#parts;
    return new AccountConditions({ book, people: queries, accounts: query, clock }, options);
  }

  /** The options of a question of people, with the answers of the conditions on accounts in it; undefined where there are none. Errors: as of a question. */
  prepared(expressions: readonly Expression[], options: SelectOptions): Promise<SelectOptions> | undefined {
    if (!expressions.some((expression) => leavesOf(expression).length > 0)) return undefined;
    return this.elsewhere?.prepare(expressions, options) ?? this.#prepare(expressions, options);
  }

  async #prepare(expressions: readonly Expression[], options: SelectOptions): Promise<SelectOptions> {
    const conditions = this.#conditions(options);
    await conditions.answer(expressions);
    return conditions.options;
  }

  /** A question of accounts. Errors: query_unsupported, and as of a question. */
  async question(request: CheckedRequest, where: Expression, options: SelectOptions): Promise<Question> {
    assertSupported(request);
    const { shards, clock } = this.#parts;
    const { shard, query } = this.#open();
    const conditions = this.#conditions(options);
    await conditions.answer([where]);
    await conditions.catchUp();
    const appliedSeqs = (): number[] => shards.map(({ appliedSeq }) => appliedSeq);
    const parts = { shards: [shard], queries: [query], clock, appliedSeqs };
    return new Question(request, conditions.livingOnly(where), conditions.options, parts);
  }

  /** The question who is in an account. Its leaf is none of the language's: what stands in its place are the rows. */
  peopleQuestion(account: number, request: CheckedRequest, options: SelectOptions): Question {
    const { shards, queries, clock } = this.#parts;
    const { book } = this.#open();
    const leaf: AccountLeaf = { account: { and: [] } };
    const memberships = new Map([[leaf, (data: ShardData) => book.peopleOf(account, data)]]);
    const parts = { shards, queries, clock };
    return new Question(request, leaf, { ...options, memberships }, parts);
  }

  /** As of the last time that the book was brought up to date. */
  read(account: number): Account {
    const { renderer } = this.#open().shard;
    renderer.render(account);
    const { bytes, start, end } = renderer;
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')) as Account;
  }

  close(): void {
    this.#opened?.query.close();
  }
}

/** Of a question of accounts. Errors: query_unsupported. */
export function assertSupported({ as = 'count', at, aggregate, breakdown }: CheckedRequest): void {
  const refuse = (what: string, construct: string): never => {
    throw new EngineError('query_unsupported', what, { details: { construct } });
  };
  if (!KINDS.includes(as))
    refuse(`"as":"${as}" is about events, and accounts have none of their own`, `${as} of accounts`);
  if (at !== undefined) refuse('accounts are answered as of now; leave "at" out', 'at of accounts');
  if (aggregate?.event !== undefined || breakdown?.event !== undefined) {
    refuse('accounts have no events of their own; name a trait', 'event of accounts');
  }
}
