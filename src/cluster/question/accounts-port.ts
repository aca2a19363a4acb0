/** Ports of shards that are told, with every question, which accounts the conditions on accounts in it hold of. */
import type { AccountSet } from '../../engine/account/account-set.ts';
import type { QuestionPort } from './question-port.ts';

/** By shard; absent of one that is not known yet. */
export type ShardSets = readonly (AccountSet | undefined)[];

/** What no shard takes for its own: it answers that it was started anew. */
const UNKNOWN: AccountSet = { life: '', account: -1 };

/** `sets`: of the question's leaves about accounts, in their order. `asksFits`: for the accounts of those who fit, not for an answer. */
export function withAccounts(
  ports: readonly QuestionPort[],
  sets: readonly ShardSets[],
  asksFits?: boolean,
): readonly QuestionPort[] {
  return ports.map((port, shard) => ({
    ...port,
    open: (request, signal) =>
      port.open({ ...request, accounts: sets.map((each) => each[shard] ?? UNKNOWN), asksFits }, signal),
  }));
}
