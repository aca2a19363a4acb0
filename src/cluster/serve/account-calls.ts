/** What is asked of a shard about accounts: by the shard that keeps them, what it knows; and of that shard, by everybody, what is known of all. */
import type { FeedPosition } from '../../engine/account/account-feed.ts';
import { cutOf } from '../../engine/answer/cut.ts';
import type { FurtherAsk } from '../../engine/answer/further.ts';
import type { PartRequest, PartServer } from '../../engine/answer/part-server.ts';
import type { Handlers } from '../../link/peer.ts';
import type { Shard } from '../../shard/shard.ts';
import type { AccountKeeper, SetsRequest } from '../account/account-keeper.ts';
import type { ChangesAnswer } from '../account/account-news.ts';

export interface AccountCallsParts {
  readonly own: Shard;
  readonly partServer: PartServer;
  readonly keeper: () => AccountKeeper;
  readonly assertServing: () => void;
}

export function accountCalls({ own, partServer, keeper, assertServing }: AccountCallsParts): Handlers {
  const kept = (): AccountKeeper => {
    assertServing();
    return keeper();
  };
  return {
    account_changes: async (args, { signal }): Promise<ChangesAnswer> => {
      assertServing();
      const accounts = await partServer.accounts.current(signal);
      // In one turn: that is what the cut is of.
      return { page: accounts.page(args as FeedPosition), watermark: own.appliedSeq, cut: cutOf(own.data) };
    },
    account_get: (args, { signal }) => kept().get((args as { id: string }).id, signal),
    account_place: (args, { signal }) => kept().place((args as { id: string }).id, signal),
    account_some: (args, { signal }) => {
      const { ids, from, limit } = args as { ids: readonly string[]; from: number; limit: number };
      return kept().some(ids, from, limit, signal);
    },
    account_sets: (args, { signal }) => kept().sets(args as SetsRequest, signal),
    account_open: (args, { signal }) => kept().open(args as PartRequest, signal),
    account_further: (args, { signal }) => {
      const { handle, ask } = args as { handle: number; ask: FurtherAsk };
      return kept().further(handle, ask, signal);
    },
    account_close: (args) => {
      keeper().close((args as { handle: number }).handle);
      return null;
    },
  };
}
