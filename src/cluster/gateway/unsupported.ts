/** What a cluster does not answer: accounts are worked out from all profiles in one process. */
import type { Accounts } from '../../model/account.ts';
import { EngineError } from '../../model/error.ts';

function unsupported(what: string): EngineError {
  return new EngineError(
    'query_unsupported',
    `${what} are not answered by a cluster yet; serve without --cluster for them`,
    {
      details: { construct: what },
    },
  );
}

const refuseAccounts = (): Promise<never> => Promise.reject(unsupported('accounts'));

export const UNSUPPORTED_ACCOUNTS: Accounts = {
  get: refuseAccounts,
  list: refuseAccounts,
  people: refuseAccounts,
  ofPerson: refuseAccounts,
};
