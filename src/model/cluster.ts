/** How an engine is spread over processes, as `GET /v1/cluster` tells it. An engine in one process tells it too, as a cluster of itself. */
import type { SLOT_COUNT } from './limits.ts';

export const CLUSTER_MODES = ['embedded', 'cluster'] as const;
export const SHARD_STATES = ['starting', 'up', 'down', 'stopping'] as const;
export type ShardState = (typeof SHARD_STATES)[number];

/** Slots, both ends included. */
export type SlotRange = readonly [from: number, to: number];

export interface ShardView {
  readonly index: number;
  /** 0 when no process runs. */
  readonly pid: number;
  /** URL of its own door, where it has one; else empty. */
  readonly address: string;
  readonly state: ShardState;
  readonly slotCount: number;
  /** In ascending order, none touching the next. */
  readonly slotRanges: readonly SlotRange[];
  /** Since the cluster started. */
  readonly restarts: number;
  /** What follows is known of a shard that could be asked. */
  readonly profiles?: number | undefined;
  readonly events?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly appliedSeq?: number | undefined;
  readonly durableSeq?: number | undefined;
  /** Over the last second: items accepted, and profiles looked up. */
  readonly eventsPerSecond?: number | undefined;
  readonly lookupsPerSecond?: number | undefined;
  /** Its processes die one after another. */
  readonly isCrashLooping?: boolean | undefined;
  /** Why it does not serve, for people. */
  readonly note?: string | undefined;
}

export interface RouterView {
  readonly pid: number;
  readonly state: string;
  readonly restarts: number;
  readonly memoryBytes?: number | undefined;
  /** Over the last second: questions that came by its doors. */
  readonly queriesPerSecond?: number | undefined;
  /** Its processes die one after another. */
  readonly isCrashLooping?: boolean | undefined;
  /** Why it does not serve, for people. */
  readonly note?: string | undefined;
}

/** Slots on their way from one shard to another. */
export interface SlotMove {
  readonly from: number;
  readonly to: number;
  readonly slotRanges: readonly SlotRange[];
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export interface ClusterView {
  readonly mode: (typeof CLUSTER_MODES)[number];
  readonly slots: typeof SLOT_COUNT;
  /** Rises with every change of who owns a slot. */
  readonly epoch: number;
  readonly shards: readonly ShardView[];
  /** Processes that serve the doors; none when the engine's own process does. */
  readonly routers: readonly RouterView[];
  readonly move?: SlotMove | undefined;
  /** What shards died of and are not sent any more. */
  readonly quarantined?: number | undefined;
}

/** The ranges of slots that `isOwned` holds for. */
export function slotRanges(slotCount: number, isOwned: (slot: number) => boolean): SlotRange[] {
  const ranges: SlotRange[] = [];
  let from = -1;
  for (let slot = 0; slot <= slotCount; slot += 1) {
    const isIn = slot < slotCount && isOwned(slot);
    if (isIn && from < 0) from = slot;
    if (isIn || from < 0) continue;
    ranges.push([from, slot - 1]);
    from = -1;
  }
  return ranges;
}
