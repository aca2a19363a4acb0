/** What a cluster does not answer: accounts and probable duplicates are worked out from all profiles in one process. */
import type { Deferrable } from '../../base/awaitable.ts';
import type { Accounts } from '../../model/account.ts';
import { EngineError } from '../../model/error.ts';
import type { Matching } from '../../model/matching.ts';

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
const refuseMatching = (): Promise<never> => Promise.reject(unsupported('probable duplicates'));

export const UNSUPPORTED_ACCOUNTS: Accounts = {
  get: refuseAccounts,
  list: refuseAccounts,
  people: refuseAccounts,
  ofPerson: refuseAccounts,
};

export const UNSUPPORTED_MATCHING: Deferrable<Matching> = {
  state: { state: 'never' },
  start: refuseMatching,
  settled: async () => ({ state: 'never' }),
  cancel: () => undefined,
  suggestions: refuseMatching,
  decide: refuseMatching,
};
