/** Shards and routers as tables. */
import type { RouterView, ShardView, SlotRange } from '../model/cluster.ts';
import { formatTable } from './table.ts';

const RANGES_SHOWN = 3;

export function shardTable(shards: readonly ShardView[]): string {
  const head = ['shard', 'state', 'pid', 'slots', 'profiles', 'events', 'events/s', 'lookups/s', 'lag', 'memory'];
  return formatTable(
    [...head, 'restarts', 'note'],
    shards.map((shard) => [
      shard.index,
      shard.state,
      pidText(shard.pid),
      rangesText(shard.slotRanges),
      shard.profiles,
      shard.events,
      rateText(shard.eventsPerSecond),
      rateText(shard.lookupsPerSecond),
      lagOf(shard),
      memoryText(shard.memoryBytes),
      shard.restarts,
      shard.note ?? '',
    ]),
  );
}

export function routerTable(routers: readonly RouterView[]): string {
  return formatTable(
    ['router', 'state', 'pid', 'queries/s', 'memory', 'restarts', 'note'],
    routers.map((router, index) => [
      index,
      router.state,
      pidText(router.pid),
      rateText(router.queriesPerSecond),
      memoryText(router.memoryBytes),
      router.restarts,
      router.note ?? '',
    ]),
  );
}

/** Commands applied and not yet durable. */
function lagOf({ appliedSeq, durableSeq }: ShardView): number | undefined {
  return appliedSeq === undefined || durableSeq === undefined ? undefined : appliedSeq - durableSeq;
}

function rangesText(ranges: readonly SlotRange[]): string {
  const shown = ranges.slice(0, RANGES_SHOWN).map(([from, to]) => (from === to ? String(from) : `${from}–${to}`));
  return ranges.length > RANGES_SHOWN ? `${shown.join(' ')} and ${ranges.length - RANGES_SHOWN} more` : shown.join(' ');
}

/** Without separators: it is copied into other commands. */
function pidText(pid: number): string {
  return pid === 0 ? '' : String(pid);
}

function rateText(rate: number | undefined): number | undefined {
  return rate === undefined ? undefined : Math.round(rate);
}

export function memoryText(sizeBytes: number | undefined): string {
  if (sizeBytes === undefined) return '';
  const mebibytes = sizeBytes / 2 ** 20;
  return mebibytes < 1_024 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1_024).toFixed(1)} GiB`;
}
