/**
 * Accounts as the first shard's process keeps them for the whole cluster: made of what all shards tell, brought up to date when somebody asks,
 * and asked in parts as people are. Made when the first one asks: who has no accounts pays nothing for them.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { AccountRenderer } from '../../engine/account/account-renderer.ts';
import { assertSupported } from '../../engine/account/account-service.ts';
import { MergedAccounts } from '../../engine/account/merged-accounts.ts';
import { EVERYONE } from '../../engine/answer/ask-options.ts';
import type { FurtherAnswer, FurtherAsk } from '../../engine/answer/further.ts';
import { type PartAnswer, type PartRequest, PartServer } from '../../engine/answer/part-server.ts';
import type { QueryService } from '../../engine/query-service.ts';
import type { Account } from '../../model/account.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression } from '../../model/expression.ts';
import { cancellation } from '../../query/execution/cancellation.ts';
import type { ShardQuery } from '../../query/execution/shard-query.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ShardSets } from '../question/accounts-port.ts';
import { AccountNews, type AccountNewsParts } from './account-news.ts';
import { AccountPhases, type AccountPhasesParts, type PhaseOptions } from './account-phases.ts';
import { Gate } from './gate.ts';

export interface AccountKeeperParts extends Pick<AccountNewsParts, 'ask' | 'ports'> {
  readonly queries: QueryService;
  readonly hashSeed: number;
  readonly clock: Clock;
}

/** Of conditions on people, which accounts their leaves hold of. */
export interface SetsRequest {
  readonly request: { readonly conditions: readonly Expression[]; readonly passesOff?: readonly string[] | undefined };
  readonly nowMs: number;
  readonly timeoutMs: number;
}

/** `watermarks`: applied `seq` of every shard that the accounts include. */
export interface AccountPartAnswer extends PartAnswer {
  readonly watermarks: readonly number[];
}

/** Accounts in the order of their rows; `next`: the row of the first that is not among them. */
export interface AccountsRead {
  readonly accounts: readonly Account[];
  readonly next: number | null;
}

interface Kept {
  readonly accounts: MergedAccounts;
  readonly renderer: AccountRenderer;
  readonly query: ShardQuery;
  readonly server: PartServer;
  readonly news: AccountNews;
  readonly gate: Gate;
}

export class AccountKeeper {
  readonly #parts: AccountKeeperParts;
  #kept: Kept | undefined;

  constructor(parts: AccountKeeperParts) {
    this.#parts = parts;
  }

  get usedBytes(): number {
    return this.#kept === undefined ? 0 : this.#kept.accounts.usedBytes + this.#kept.query.memoryBytes;
  }

  get #open(): Kept {
    if (this.#kept === undefined) {
      const { queries, hashSeed, clock, ask, ports } = this.#parts;
      const accounts = new MergedAccounts(hashSeed);
      const { data } = accounts;
      const renderer = new AccountRenderer(data, (account) => accounts.peopleCountOf(account));
      const query = queries.queryOver(data);
      const server = new PartServer({ shard: { data, renderer, appliedSeq: 0 }, query, clock });
      const gate = new Gate();
      const news = new AccountNews({ accounts, gate, ask, ports, clock });
      this.#kept = { accounts, renderer, query, server, news, gate };
    }
    return this.#kept;
  }

  /** Work on the accounts with all that was acknowledged before the call. Errors: query_cancelled, query_timeout, and those of asking the shards. */
  async #whenCurrent<R>(work: () => Promise<R>, signal: CancelSignal | undefined): Promise<R> {
    const { news, gate } = this.#open;
    await orAborted(news.current(), signal);
    return gate.enter(work);
  }

  #phases(options: PhaseOptions): AccountPhases {
    const { accounts, query } = this.#open;
    const { ports, clock } = this.#parts;
    const whenCurrent: AccountPhasesParts['whenCurrent'] = (work, signal) => this.#whenCurrent(work, signal);
    return new AccountPhases({ accounts, query, ports, clock, whenCurrent }, options);
  }

  sets({ request, nowMs, timeoutMs }: SetsRequest, signal?: CancelSignal): Promise<readonly ShardSets[]> {
    const { conditions, passesOff } = request;
    return this.#phases({ nowMs, timeoutMs, signal, passesOff }).setsOf(conditions);
  }

  /** A question of accounts: as `PartServer.open`. */
  async open(asked: PartRequest, signal?: CancelSignal): Promise<AccountPartAnswer> {
    const { request, nowMs, timeoutMs } = asked;
    assertSupported(request);
    const { where = EVERYONE } = request;
    const phases = this.#phases({ nowMs, timeoutMs, signal, passesOff: request.optimizer?.off });
    await phases.answer(where);
    const { server, news } = this.#open;
    return this.#whenCurrent(async () => {
      const prepared = { where: phases.livingOnly(where), memberships: phases.memberships };
      const watermarks = news.watermark;
      const answer = await server.open({ ...asked, timeoutMs: phases.timeoutMs }, signal, prepared);
      return { ...answer, watermarks };
    }, signal);
  }

  further(handle: number, ask: FurtherAsk, signal?: CancelSignal): Promise<FurtherAnswer> {
    return this.#open.server.further(handle, ask, signal);
  }

  close(handle: number): void {
    this.#open.server.close(handle);
  }

  get(id: string, signal?: CancelSignal): Promise<Account | undefined> {
    return this.#whenCurrent(async () => {
      const row = this.#open.accounts.find(id);
      return row === undefined ? undefined : this.#read(row);
    }, signal);
  }

  /** The account as each shard is told of it; undefined when there is none. */
  place(id: string, signal?: CancelSignal): Promise<ShardSets | undefined> {
    return this.#whenCurrent(async () => {
      const { accounts } = this.#open;
      const row = accounts.find(id);
      return row === undefined ? undefined : accounts.setsOfOne(row);
    }, signal);
  }

  /** Those of the ids from a row on, at most `limit`. */
  some(ids: readonly string[], from: number, limit: number, signal?: CancelSignal): Promise<AccountsRead> {
    return this.#whenCurrent(async () => {
      const { accounts } = this.#open;
      const rows = ids.flatMap((id) => accounts.find(id) ?? []).filter((row) => row >= from);
      rows.sort((a, b) => a - b);
      return { accounts: rows.slice(0, limit).map((row) => this.#read(row)), next: rows[limit] ?? null };
    }, signal);
  }

  #read(row: number): Account {
    const { renderer } = this.#open;
    renderer.render(row);
    const { bytes, start, end } = renderer;
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')) as Account;
  }

  end(): void {
    this.#kept?.server.end();
    this.#kept?.query.close();
  }
}

/** The work goes on for others who wait for it. */
function orAborted(work: Promise<void>, signal: CancelSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason instanceof EngineError ? signal.reason : cancellation(signal));
    const done = (): void => signal.removeEventListener('abort', leave);
    // First: work that fails after whoever asked has left must find somebody who hears of it.
    void work.then(resolve, reject).finally(done);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
