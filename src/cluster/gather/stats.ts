/** Figures of several engines as those of one: counts add up, and it is ready when all are. */
import type { EngineStats } from '../../engine/gateway.ts';

/** What a router counts itself: asked of several shards, a question counts once, and a lookup that a router answered counts too. */
export type RouterCounts = Partial<
  Pick<EngineStats, 'accepted' | 'duplicates' | 'lookups' | 'lookupMisses' | 'queries' | 'queryErrors' | 'queuedItems'>
>;

/** Reasons that say that something is so, and not how often. */
const STATES = new Set(['checkpoint_failed']);

/** `parts`: in the order of the shards. `counts` stand in place of the sums. */
export function mergeStats(parts: readonly EngineStats[], counts: RouterCounts = {}): EngineStats {
  const sum = (of: (part: EngineStats) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const droppedByReason = addUp(parts.map((part) => part.droppedByReason));
  for (const state of STATES) if (Object.hasOwn(droppedByReason, state)) droppedByReason[state] = 1;
  return {
    shardCount: sum((part) => part.shardCount),
    profiles: sum((part) => part.profiles),
    events: sum((part) => part.events),
    isReady: parts.length > 0 && parts.every((part) => part.isReady),
    accepted: sum((part) => part.accepted),
    duplicates: sum((part) => part.duplicates),
    rejectedByCode: addUp(parts.map((part) => part.rejectedByCode)),
    droppedByReason,
    standardisedByRule: addUp(parts.map((part) => part.standardisedByRule)),
    lookups: sum((part) => part.lookups),
    lookupMisses: sum((part) => part.lookupMisses),
    queries: sum((part) => part.queries),
    queryErrors: sum((part) => part.queryErrors),
    memoryBytes: addUp(parts.map((part) => part.memoryBytes)),
    memoryLimitBytes: sum((part) => part.memoryLimitBytes),
    queuedItems: sum((part) => part.queuedItems),
    shards: parts.flatMap((part) => part.shards),
    ...counts,
  };
}

function addUp(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const part of parts) for (const [key, value] of Object.entries(part)) sums[key] = (sums[key] ?? 0) + value;
  return sums;
}
