/** Accounts as the doors read them: one, all, whose people, and those of a person. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { Account, AccountPage, AccountPeople, Accounts, PageOptions } from '../../model/account.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import type { SelectOptions } from '../../query/execution/shard-query.ts';
import type { Router } from '../../router/router.ts';
import type { Clock } from '../../runtime/clock.ts';
import { answerIds, answerProfiles } from '../answer/page.ts';
import { decodeCursor, encodeCursor } from '../query-cursor.ts';
import type { AccountService } from './account-service.ts';

export interface AccountReaderParts {
  readonly accounts: AccountService;
  readonly router: Router;
  readonly clock: Clock;
}

const DEFAULT_LIMIT = 100;
const LIMIT_MAX = 10_000;

export class AccountReader implements Accounts {
  readonly #parts: AccountReaderParts;

  constructor(parts: AccountReaderParts) {
    this.#parts = parts;
  }

  async get(id: string, signal?: CancelSignal): Promise<Account | undefined> {
    const account = await this.#find(id, signal);
    return account === undefined ? undefined : this.#parts.accounts.read(account);
  }

  async list(options: PageOptions = {}, signal?: CancelSignal): Promise<AccountPage> {
    const request = { ...options, limit: limitOf(options) };
    const question = await this.#parts.accounts.question(request, { and: [] }, this.#options(signal));
    const { profiles, cursor } = await answerProfiles(question);
    return { accounts: profiles as readonly Account[], ...(cursor === undefined ? {} : { cursor }) };
  }

  async people(id: string, options: PageOptions = {}, signal?: CancelSignal): Promise<AccountPeople | undefined> {
    const request = { ...options, limit: limitOf(options) };
    const account = await this.#find(id, signal);
    if (account === undefined) return undefined;
    return answerIds(this.#parts.accounts.peopleQuestion(account, request, this.#options(signal)));
  }

  async ofPerson(
    identifier: Identifier,
    options: PageOptions = {},
    signal?: CancelSignal,
  ): Promise<AccountPage | undefined> {
    const { accounts, router } = this.#parts;
    const limit = limitOf(options);
    const from = decodeCursor(options.cursor, 1).row;
    const { book } = await accounts.current(signal);
    const address = router.locate(identifier);
    if (address === undefined) return undefined;
    const { links } = book.view();
    const rest = links[book.shardIndexOf(address.shard.data)].of(address.row).filter((account) => account >= from);
    const page = rest.slice(0, limit).map((account) => accounts.read(account));
    const cursor = rest.length > limit ? encodeCursor({ shardIndex: 0, row: rest[limit] }) : undefined;
    return { accounts: page, ...(cursor === undefined ? {} : { cursor }) };
  }

  async #find(id: string, signal: CancelSignal | undefined): Promise<number | undefined> {
    const { book } = await this.#parts.accounts.current(signal);
    const account = book.table.find(id);
    return account === undefined || book.table.emptyAccounts.has(account) ? undefined : account;
  }

  #options(signal: CancelSignal | undefined): SelectOptions {
    return { nowMs: this.#parts.clock.nowMs(), signal };
  }
}

export function limitOf({ limit = DEFAULT_LIMIT }: PageOptions): number {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new EngineError('query_invalid', `"limit" must be a whole number from 1 to ${LIMIT_MAX}`);
}
