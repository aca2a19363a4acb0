/**
 * Accounts at a router: asked of the first shard, which keeps them for all. A question of people is told beforehand which accounts its conditions
 * on accounts hold of; one of accounts goes to the keeper alone, as to a single shard.
 */

import { type CancelSignal, CancelSource, timeLimitReached } from '../../base/cancel-source.ts';
import { leavesOf, unsupportedAt } from '../../engine/account/account-conditions.ts';
import { limitOf } from '../../engine/account/account-reader.ts';
import { assertSupported } from '../../engine/account/account-service.ts';
import { conditionsOf, DEFAULT_TIMEOUT_MS } from '../../engine/answer/ask-options.ts';
import type { AskedQuestion } from '../../engine/answer/asked-question.ts';
import type { FurtherAnswer } from '../../engine/answer/further.ts';
import { answerIds, answerProfiles } from '../../engine/answer/page.ts';
import { decodeCursor, encodeCursor } from '../../engine/query-cursor.ts';
import type { Account, AccountPage, AccountPeople, Accounts, PageOptions } from '../../model/account.ts';
import type { Expression } from '../../model/expression.ts';
import type { Identifier } from '../../model/profile.ts';
import type { AccountPage as GroupPage } from '../../model/profile-page.ts';
import { cancellation } from '../../query/execution/cancellation.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { AccountPartAnswer, AccountsRead, SetsRequest } from '../account/account-keeper.ts';
import { type ShardSets, withAccounts } from '../question/accounts-port.ts';
import { type Gathered, type GatherOptions, gatherWith } from '../question/gather.ts';
import type { QuestionPort } from '../question/question-port.ts';
import type { PersonAsker } from './person-asker.ts';
import type { ShardCaller } from './shard-caller.ts';

export interface ClusterAccountsParts {
  readonly caller: ShardCaller;
  readonly persons: PersonAsker;
  readonly clock: Clock;
  /** One a shard. */
  readonly ports: () => readonly QuestionPort[];
}

/** The shard that keeps accounts. */
const KEEPER = 0;
const TIMEOUT_MS = 30_000;
/** Accounts in one message, and groups of a person. */
const PIECE_COUNT = 500;
const GROUPS_COUNT = 10_000;
/** Stands for the one account whose people are asked for. */
const THE_ACCOUNT: Expression = { account: { and: [] } };

type Answerer<Body> = (question: AskedQuestion) => Promise<Body>;

export class ClusterAccounts implements Accounts {
  readonly #parts: ClusterAccountsParts;

  constructor(parts: ClusterAccountsParts) {
    this.#parts = parts;
  }

  get(id: string, signal?: CancelSignal): Promise<Account | undefined> {
    return this.#ask<Account | undefined>('account_get', { id }, signal);
  }

  async list(options: PageOptions = {}, signal?: CancelSignal): Promise<AccountPage> {
    const request: CheckedRequest = { ...options, limit: limitOf(options), of: 'accounts', as: 'profiles' };
    const { profiles, cursor } = (await this.gather(answerProfiles, request, this.#now(signal))).body;
    return { accounts: profiles as readonly Account[], ...(cursor === undefined ? {} : { cursor }) };
  }

  async people(id: string, options: PageOptions = {}, signal?: CancelSignal): Promise<AccountPeople | undefined> {
    const request: CheckedRequest = { ...options, limit: limitOf(options), where: THE_ACCOUNT, as: 'ids' };
    const sets = await this.#ask<ShardSets | undefined>('account_place', { id }, signal);
    if (sets === undefined) return undefined;
    const asked = withAccounts(this.#parts.ports(), [sets]);
    return (await gatherWith(answerIds, request, asked, { ...this.#now(signal), hasAccounts: true })).body;
  }

  async ofPerson(
    identifier: Identifier,
    options: PageOptions = {},
    signal?: CancelSignal,
  ): Promise<AccountPage | undefined> {
    const limit = limitOf(options);
    let from: number | null = decodeCursor(options.cursor, 1).row;
    const ids = await this.#groupsOf(identifier, signal);
    if (ids === undefined) return undefined;
    const accounts: Account[] = [];
    while (from !== null && accounts.length < limit) {
      const count = Math.min(PIECE_COUNT, limit - accounts.length);
      const read: AccountsRead = await this.#ask('account_some', { ids, from, limit: count }, signal);
      for (const account of read.accounts) accounts.push(account);
      from = read.next;
    }
    const cursor = from === null ? undefined : encodeCursor({ shardIndex: 0, row: from });
    return { accounts, ...(cursor === undefined ? {} : { cursor }) };
  }

  /** Ids of what somebody is in. */
  async #groupsOf(identifier: Identifier, signal: CancelSignal | undefined): Promise<readonly string[] | undefined> {
    const ids: string[] = [];
    for (;;) {
      const asked = { limit: GROUPS_COUNT, ...(ids.length === 0 ? {} : { after: ids[ids.length - 1] }) };
      const page = (await this.#parts.persons.ask(identifier, 'page_accounts', [asked], { signal })) as
        | GroupPage
        | undefined;
      if (page === undefined) return undefined;
      for (const { id } of page.accounts) ids.push(id);
      if (!page.hasMore) return ids;
    }
  }

  /** A question of accounts, or one of people with conditions on accounts or without. Errors: as of `gatherWith`. */
  async gather<Body>(
    answerer: Answerer<Body>,
    request: CheckedRequest,
    options: GatherOptions,
  ): Promise<Gathered<Body>> {
    if (request.of === 'accounts') return this.#gatherAccounts(answerer, request, options);
    const { ports, clock } = this.#parts;
    if (!hasAccounts(conditionsOf(request))) return gatherWith(answerer, request, ports(), options);
    if (request.at !== undefined) throw unsupportedAt();
    const startedMs = clock.monotonicMs();
    const { nowMs, signal, timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS } = options;
    const sets = await this.sets(conditionsOf(request), {
      nowMs,
      timeoutMs,
      signal,
      passesOff: request.optimizer?.off,
    });
    const leftMs = Math.max(1, timeoutMs - Math.floor(clock.monotonicMs() - startedMs));
    const asked = withAccounts(ports(), sets);
    return gatherWith(answerer, request, asked, { ...options, timeoutMs: leftMs, hasAccounts: true });
  }

  /** What the conditions' leaves about accounts hold of. Errors: query_timeout, query_cancelled, and those of a question. */
  sets(
    conditions: readonly Expression[],
    {
      nowMs,
      timeoutMs,
      signal,
      passesOff,
    }: {
      readonly nowMs: number;
      readonly timeoutMs: number;
      readonly signal?: CancelSignal | undefined;
      readonly passesOff?: readonly string[] | undefined;
    },
  ): Promise<readonly ShardSets[]> {
    const asked: SetsRequest = { request: { conditions, passesOff }, nowMs, timeoutMs };
    const { clock, caller } = this.#parts;
    return inTime(clock, timeoutMs, signal, (ending) =>
      caller.call<readonly ShardSets[]>(KEEPER, 'account_sets', asked, { signal: ending }),
    );
  }

  async #gatherAccounts<Body>(
    answerer: Answerer<Body>,
    request: CheckedRequest,
    options: GatherOptions,
  ): Promise<Gathered<Body>> {
    assertSupported(request);
    const { caller } = this.#parts;
    let watermark: readonly number[] = [];
    const port: QuestionPort = {
      open: async (asked, signal) => {
        const answer = await caller.call<AccountPartAnswer>(KEEPER, 'account_open', asked, {
          signal,
          timeoutMs: asked.timeoutMs,
        });
        watermark = answer.watermarks;
        return answer;
      },
      further: (handle, ask, signal) =>
        caller.call<FurtherAnswer>(KEEPER, 'account_further', { handle, ask }, { signal }),
      close: (handle) => {
        // One that is not told closes it at the question's time limit.
        caller.call(KEEPER, 'account_close', { handle }).catch(() => undefined);
      },
    };
    const asked = { ...options, allowMissing: false, hasAccounts: true };
    const gathered = await gatherWith(answerer, request, [port], asked);
    return { ...gathered, watermark };
  }

  #now(signal: CancelSignal | undefined): GatherOptions {
    const { clock } = this.#parts;
    return { nowMs: clock.nowMs(), clock, signal };
  }

  #ask<T>(method: string, args: unknown, signal: CancelSignal | undefined): Promise<T> {
    const { clock, caller } = this.#parts;
    return inTime(clock, TIMEOUT_MS, signal, (ending) => caller.call<T>(KEEPER, method, args, { signal: ending }));
  }
}

function hasAccounts(conditions: readonly Expression[]): boolean {
  return conditions.some((condition) => leavesOf(condition).length > 0);
}

/** Errors: query_timeout, query_cancelled. */
async function inTime<T>(
  clock: Clock,
  timeoutMs: number,
  signal: CancelSignal | undefined,
  work: (ending: CancelSignal) => Promise<T>,
): Promise<T> {
  const controller = new CancelSource();
  const leave = (): void => controller.abort(cancellation(signal!));
  if (signal?.aborted === true) leave();
  signal?.addEventListener('abort', leave, { once: true });
  const stopTimer = clock.after(timeoutMs, () => controller.abort(cancellation({ reason: timeLimitReached() })));
  let stop = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(controller.signal.reason);
    if (controller.signal.aborted) stop();
    else controller.signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work(controller.signal), stopped]);
  } finally {
    stopTimer();
    signal?.removeEventListener('abort', leave);
  }
}
