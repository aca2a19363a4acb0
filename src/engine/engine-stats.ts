/** What an engine in one process tells of itself: its figures, and its view as a cluster of one. Read when asked, kept nowhere. */
import { type ClusterView, slotRanges } from '../model/cluster.ts';
import { SLOT_COUNT } from '../model/limits.ts';
import { SlotMap } from '../router/slot-map.ts';
import type { Shard } from '../shard/shard.ts';
import type { EngineStats } from './engine.ts';
import type { IngestPipeline } from './ingest-pipeline.ts';
import type { QueryService } from './query-service.ts';

export interface EngineStatsParts {
  readonly shards: readonly Shard[];
  readonly memoryLimitBytes: number;
  readonly isReady: boolean;
  readonly ingest: IngestPipeline;
  readonly queries: QueryService;
  readonly lookups: number;
  readonly lookupMisses: number;
  readonly isCheckpointFailed: boolean;
}

export function engineStats(parts: EngineStatsParts): EngineStats {
  const { shards, ingest, queries } = parts;
  const { counters } = ingest;
  const droppedByReason = { ...counters.droppedByReason };
  if (parts.isCheckpointFailed) droppedByReason['checkpoint_failed'] = 1;
  return {
    shardCount: shards.length,
    profiles: shards.reduce((sum, shard) => sum + shard.data.profileCount, 0),
    events: shards.reduce((sum, shard) => sum + shard.data.eventCount, 0),
    isReady: parts.isReady,
    accepted: counters.accepted,
    duplicates: counters.duplicates,
    rejectedByCode: { ...counters.rejectedByCode },
    droppedByReason,
    standardisedByRule: { ...ingest.standardiser.changedByRule },
    lookups: parts.lookups,
    lookupMisses: parts.lookupMisses,
    queries: queries.queryCount,
    queryErrors: queries.errorCount,
    memoryBytes: memoryOf(shards, queries.usedBytes),
    memoryLimitBytes: parts.memoryLimitBytes,
    queuedItems: counters.queuedItems,
    shards: shards.map((shard) => ({
      appliedSeq: shard.appliedSeq,
      durableSeq: shard.storage.log.durableSeq,
      checkpointSeq: shard.checkpointSeq,
      profiles: shard.data.profileCount,
      events: shard.data.eventCount,
      logBytes: shard.storage.log.sizeBytes,
    })),
  };
}

function memoryOf(shards: readonly Shard[], bitmapBytes: number): Record<string, number> {
  const memoryBytes: Record<string, number> = { bitmaps: bitmapBytes, slabs: 0 };
  for (const shard of shards) {
    memoryBytes['slabs'] += shard.memory.reservedBytes;
    for (const [part, bytes] of Object.entries(shard.data.memoryBytes())) {
      memoryBytes[part] = (memoryBytes[part] ?? 0) + bytes;
    }
  }
  return memoryBytes;
}

/** A cluster of one process: every shard is in it. */
export function clusterOfOne(shards: readonly Shard[], pid: number, state: 'up' | 'stopping'): ClusterView {
  const map = new SlotMap(shards.length);
  return {
    mode: 'embedded',
    slots: SLOT_COUNT,
    epoch: 1,
    shards: shards.map((shard, index) => {
      const ranges = slotRanges(SLOT_COUNT, (slot) => map.shardOfSlot(slot) === index);
      return {
        index,
        pid,
        address: '',
        state,
        slotCount: ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0),
        slotRanges: ranges,
        restarts: 0,
        profiles: shard.data.profileCount,
        events: shard.data.eventCount,
        memoryBytes: shard.memory.usedBytes,
        appliedSeq: shard.appliedSeq,
        durableSeq: shard.storage.log.durableSeq,
      };
    }),
    routers: [],
  };
}
