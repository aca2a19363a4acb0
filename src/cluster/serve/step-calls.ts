/**
 * What other shards ask of this one for steps: to keep identifiers, to let go of them, to do its part; and how two shards find together again
 * when one of them, or the link, was gone.
 *
 * A shard that starts serves nobody before every other shard has given it what it had for it: until then it may lack a part of a step that
 * others know to be done.
 */
import type { Handlers } from '../../link/peer.ts';
import type { Shard } from '../../shard/shard.ts';
import { answerClaim, type ClaimRequest } from '../step/claim.ts';
import type { Fence } from '../step/fence.ts';
import type { LockTable } from '../step/lock-table.ts';
import type { Delivery, Outbox } from '../step/outbox.ts';

/** Holders of one shard's steps begin with it. */
export function holderPrefix(shard: number): string {
  return `${shard}:`;
}

export interface StepCallsParts {
  readonly fence: Fence;
  readonly own: Shard;
  readonly locks: LockTable;
  readonly outbox: Outbox;
  /** Errors: shard_unavailable while this shard starts. */
  readonly assertServing: () => void;
  readonly onFatal: (error: unknown) => void;
}

export function stepCalls(parts: StepCallsParts): Handlers {
  const { own, locks, outbox, fence } = parts;
  const fences = new Map<number, () => void>();
  let fenceCount = 0;
  return {
    /** For a question to all shards that met steps under way. */
    raise_fence: async () => {
      fenceCount += 1;
      const number = fenceCount;
      const lower = fence.raise(() => fences.delete(number));
      fences.set(number, lower);
      await outbox.settled();
      return number;
    },
    lower_fence: (args) => {
      fences.get((args as { fence: number }).fence)?.();
      return null;
    },
    claim: (args) => {
      parts.assertServing();
      return answerClaim(own, locks, args as ClaimRequest);
    },
    release: (args) => {
      locks.release((args as { holder: string }).holder);
      return null;
    },
    deliver: (args) => deliver(args as readonly Delivery[], parts),
    /** Steps of a shard that it says nothing of are over: it was restarted, or the release was lost with the link. */
    live_steps: (args) => {
      const { origin, holders } = args as { origin: number; holders: readonly string[] };
      const live = new Set(holders);
      const prefix = holderPrefix(origin);
      for (const holder of locks.holders()) if (holder.startsWith(prefix) && !live.has(holder)) locks.release(holder);
      return null;
    },
    /** Up to which step of that origin this shard has its part. */
    arrived: (args) => own.data.arrived.get((args as { origin: number }).origin) ?? 0,
    catch_up: async (args) => {
      const { shard, arrived } = args as { shard: number; arrived: number };
      await outbox.catchUp(shard, arrived);
      return null;
    },
  };
}

async function deliver(deliveries: readonly Delivery[], { own, locks, onFatal }: StepCallsParts): Promise<null> {
  for (const { origin, number, record, holder } of deliveries) {
    if (number > (own.data.arrived.get(origin) ?? 0)) {
      try {
        own.applyRecord(record);
      } catch (error) {
        onFatal(error);
        throw error;
      }
    }
    locks.release(holder);
  }
  await own.storage.log.durable(own.appliedSeq);
  return null;
}
