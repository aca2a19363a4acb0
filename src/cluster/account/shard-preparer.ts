/** Conditions on accounts that a shard meets by itself, asked about one of its people: which accounts fit it asks of who keeps them. */
import type { AccountsElsewhere } from '../../engine/account/account-service.ts';
import { DEFAULT_TIMEOUT_MS } from '../../engine/answer/ask-options.ts';
import type { PartServer } from '../../engine/answer/part-server.ts';
import type { ClusterAccounts } from '../gateway/cluster-accounts.ts';
import type { AccountKeeper } from './account-keeper.ts';

/** `shard`: the index of this one. `keeper`: of this process. */
export function shardPreparer(
  accounts: ClusterAccounts,
  keeper: AccountKeeper,
  { accounts: own }: PartServer,
  shard: number,
): AccountsElsewhere {
  return {
    get usedBytes(): number {
      return keeper.usedBytes;
    },
    async prepare(expressions, options) {
      const { nowMs, signal, timeoutMs = DEFAULT_TIMEOUT_MS, passesOff } = options;
      const sets = await accounts.sets(expressions, { nowMs, timeoutMs, signal, passesOff });
      const here = sets.map((each) => each[shard] ?? { life: '', account: -1 });
      return { ...options, memberships: await own.memberships(expressions, here, signal) };
    },
  };
}
