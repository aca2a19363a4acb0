/** A sender as SDKs and the client are: what was refused for now it sends again, over whichever router comes next, until all is settled. */
import type { ClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import { EngineError, isRetryable } from '../../../src/model/error.ts';
import type { RejectedItem } from '../../../src/model/ingest.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

export interface Settled {
  readonly accepted: number;
  /** For good. */
  readonly refused: readonly (RejectedItem & { readonly item: object })[];
  readonly rounds: number;
}

const ROUNDS_MAX = 400;

export async function sendUntilSettled(routers: readonly ClusterEngine[], items: readonly object[]): Promise<Settled> {
  let left = items;
  let accepted = 0;
  const refused: (RejectedItem & { item: object })[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const batch = left;
    try {
      const told = await routers[round % routers.length].ingest(batch, { isImport: true });
      accepted += told.accepted;
      const again: object[] = [];
      for (const one of told.rejected) {
        if (isRetryable(one.code)) again.push(batch[one.index]);
        else refused.push({ ...one, item: batch[one.index] });
      }
      left = again;
    } catch (error) {
      if (!(error instanceof EngineError) || !isRetryable(error.code)) throw error;
    }
    if (left.length === 0) return { accepted, refused, rounds: round + 1 };
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
  }
  throw new Error(`${left.length} of ${items.length} items are not settled after ${ROUNDS_MAX} rounds`);
}
