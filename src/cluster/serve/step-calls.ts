/**
 * What other shards ask of this one for steps: to keep identifiers, to let go of them, to do its part; and how two shards find together again
 * when one of them, or the link, was gone.
 *
 * A shard that starts serves nobody before every other shard has given it what it had for it: until then it may lack a part of a step that
 * others know to be done.
 */
import type { Handlers } from '../../link/peer.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Shard } from '../../shard/shard.ts';
import { answerClaim, type ClaimRequest } from '../step/claim.ts';
import type { Fence } from '../step/fence.ts';
import type { LockTable } from '../step/lock-table.ts';
import type { Delivery, Outbox } from '../step/outbox.ts';

/** Who holds locks: a step of a shard, in one life of its process. */
export interface Holder {
  readonly shard: number;
  readonly life: string;
  readonly number: number;
}

export function holderText({ shard, life, number }: Holder): string {
  return `${shard}:${life}:${number}`;
}

function parseHolder(text: string): Holder {
  const [shard, life, number] = text.split(':');
  return { shard: Number(shard), life, number: Number(number) };
}

export interface StepCallsParts {
  readonly fence: Fence;
  readonly own: Shard;
  readonly locks: LockTable;
  readonly slots: SlotMap;
  readonly outbox: Outbox;
  /** Errors: shard_unavailable while this shard starts. */
  readonly assertServing: () => void;
  readonly onFatal: (error: unknown) => void;
  /** Another shard's process was started anew: what was claimed there before is not kept there any more. */
  readonly onNewLife: (shard: number) => void;
}

export function stepCalls(parts: StepCallsParts): Handlers {
  const { own, locks, outbox, fence } = parts;
  const lives = new Map<number, string>();
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
      return answerClaim(own, locks, parts.slots, args as ClaimRequest);
    },
    /** A step is over: all shards that have a part in it have done it, or it was given up. */
    release: (args) => {
      locks.release((args as { holder: string }).holder);
      return null;
    },
    deliver: (args) => deliver(args as readonly Delivery[], parts),
    live_steps: (args) => {
      releaseDead(args as LiveSteps, locks, lives);
      return null;
    },
    /** Up to which step of that origin this shard has its part on its disk: what is told here is not sent again. */
    arrived: async (args) => {
      const number = own.data.arrived.get((args as { origin: number }).origin) ?? 0;
      await own.storage.log.durable(own.appliedSeq);
      return number;
    },
    /**
     * A shard that starts asks for what it lacks. It has forgotten what it kept for the steps of others, so it serves when those that there are now
     * are over everywhere; and what is claimed there from now on is claimed from a new life.
     */
    catch_up: async (args) => {
      const { shard, arrived, life } = args as { shard: number; arrived: number; life: string };
      lives.set(shard, life);
      parts.onNewLife(shard);
      await outbox.catchUp(shard, arrived);
      await outbox.settled();
      return null;
    },
  };
}

/** Steps of a shard that it does not name are over: it was restarted, or the release was lost with the link. */
export interface LiveSteps {
  readonly origin: number;
  readonly life: string;
  /** Later ones began when this was on its way. */
  readonly upTo: number;
  readonly holders: readonly string[];
}

/** `lives`: the last that each shard said it has. */
function releaseDead({ origin, life, upTo, holders }: LiveSteps, locks: LockTable, lives: Map<number, string>): void {
  const live = new Set(holders);
  for (const text of locks.holders()) {
    const holder = parseHolder(text);
    if (holder.shard !== origin || live.has(text)) continue;
    const isPast = holder.life === life ? holder.number <= upTo : (lives.get(origin) ?? life) === life;
    if (isPast) locks.release(text);
  }
}

async function deliver(deliveries: readonly Delivery[], { own, onFatal }: StepCallsParts): Promise<null> {
  for (const { origin, number, record } of deliveries) {
    if (number <= (own.data.arrived.get(origin) ?? 0)) continue;
    try {
      own.applyRecord(record);
    } catch (error) {
      onFatal(error);
      throw error;
    }
  }
  await own.storage.log.durable(own.appliedSeq).catch((error: unknown) => {
    onFatal(error);
    throw error;
  });
  return null;
}
