/** Accounts: one, all, who is in one, and what a person is in. A person is named as in a lookup. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { AccountPage, PageOptions } from '../../model/account.ts';
import { EngineError } from '../../model/error.ts';
import { typedIdentifier } from '../lookup/address.ts';
import type { HttpRequest } from '../transport/transport.ts';
import type { Exchange } from './exchange.ts';
import { decodeAddress } from './lookup-route.ts';
import { parameterOf, signalOf } from './query-route.ts';

const PREFIX_LENGTH = '/v1/accounts/'.length;

export async function accountsRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const options = pageOf(request);
  exchange.json(await exchange.door.engine.accounts.list(options, signalOf(exchange)));
}

export async function accountRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const id = decodeAddress(request.getUrl().slice(PREFIX_LENGTH));
  exchange.json((await exchange.door.engine.accounts.get(id, signalOf(exchange))) ?? missing());
}

export async function accountPeopleRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const id = decodeAddress(request.getParameter(0) ?? '');
  const options = pageOf(request);
  exchange.json((await exchange.door.engine.accounts.people(id, options, signalOf(exchange))) ?? missing());
}

export async function profileAccountsRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const address = decodeAddress(request.getParameter(0) ?? '');
  const options = pageOf(request);
  const page = await accountsAt(exchange, address, options, signalOf(exchange));
  if (page === undefined) throw new EngineError('profile_not_found', 'no profile has this identifier');
  exchange.json(page);
}

/** A text has two readings, as in a lookup. */
async function accountsAt(
  { door }: Exchange,
  address: string,
  options: PageOptions,
  signal: CancelSignal,
): Promise<AccountPage | undefined> {
  const { accounts } = door.engine;
  const typed = typedIdentifier(address);
  const found = typed === undefined ? undefined : await accounts.ofPerson(typed, options, signal);
  return found ?? (await accounts.ofPerson({ type: 'user_id', value: address }, options, signal));
}

/** Errors: invalid_request. */
function pageOf(request: HttpRequest): PageOptions {
  const parameters = new URLSearchParams(request.getQuery() ?? '');
  for (const name of parameters.keys()) {
    if (name === 'limit' || name === 'cursor') continue;
    throw new EngineError('invalid_request', `there is no parameter "${name.slice(0, 64)}"; there are limit, cursor`);
  }
  const limit = parameterOf(parameters, 'limit');
  const cursor = parameterOf(parameters, 'cursor');
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit)) {
    throw new EngineError('invalid_request', '"limit" must be a whole number of 1 or more');
  }
  return {
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

function missing(): never {
  throw new EngineError('account_not_found', 'no group call ever named this account');
}
