/**
 * Series about the processes of a cluster, from the same view as `GET /v1/cluster`, in Prometheus' text form. An engine in one process
 * has none of them. What a shard holds and how far its log is stands in the engine's own series.
 */
import type { Awaitable } from '../../base/awaitable.ts';
import type { ClusterView, RouterView, ShardView } from '../../model/cluster.ts';

type Kind = 'counter' | 'gauge';
type Read<Part> = (part: Part) => number | undefined;

const SHARD_SERIES: readonly (readonly [Kind, string, string, Read<ShardView>])[] = [
  ['gauge', 'kith_shard_up', '1 when the shard serves.', ({ state }) => (state === 'up' ? 1 : 0)],
  ['gauge', 'kith_shard_crash_looping', '1 when its processes die one after another.', (one) => flag(one)],
  ['counter', 'kith_shard_restarts_total', 'Processes that took the place of another.', ({ restarts }) => restarts],
  ['gauge', 'kith_shard_slots', 'Slots of 1,024 that the shard owns.', ({ slotCount }) => slotCount],
  ['gauge', 'kith_shard_resident_memory_bytes', 'Resident set of its process.', ({ memoryBytes }) => memoryBytes],
  ['gauge', 'kith_shard_events_per_second', 'Items accepted over the last second.', (one) => one.eventsPerSecond],
  ['gauge', 'kith_shard_lookups_per_second', 'Lookups over the last second.', (one) => one.lookupsPerSecond],
];
const ROUTER_SERIES: readonly (readonly [Kind, string, string, Read<RouterView>])[] = [
  ['gauge', 'kith_router_up', '1 when the router serves.', ({ state }) => (state === 'up' ? 1 : 0)],
  ['gauge', 'kith_router_crash_looping', '1 when its processes die one after another.', (one) => flag(one)],
  ['counter', 'kith_router_restarts_total', 'Processes that took the place of another.', ({ restarts }) => restarts],
  ['gauge', 'kith_router_resident_memory_bytes', 'Resident set of its process.', ({ memoryBytes }) => memoryBytes],
  ['gauge', 'kith_router_queries_per_second', 'Questions over the last second.', (one) => one.queriesPerSecond],
];

/** Never rejects: without a supervisor the rest of the page is of use still. */
export async function clusterLines(readView: () => Awaitable<ClusterView>): Promise<string> {
  let view: ClusterView;
  try {
    view = await readView();
  } catch {
    return '';
  }
  if (view.mode === 'embedded') return '';
  const { epoch, shards, routers } = view;
  return [
    series('gauge', 'kith_cluster_epoch', 'Rises with every change of a shard.', [['', epoch]]),
    series('gauge', 'kith_quarantined_total', 'What shards died of and are not sent any more.', [
      ['', view.quarantined],
    ]),
    ...SHARD_SERIES.map(([kind, name, help, read]) =>
      series(
        kind,
        name,
        help,
        shards.map((shard) => [`{shard="${shard.index}"}`, read(shard)]),
      ),
    ),
    ...ROUTER_SERIES.map(([kind, name, help, read]) =>
      series(
        kind,
        name,
        help,
        routers.map((router, index) => [`{router="${index}"}`, read(router)]),
      ),
    ),
  ].join('');
}

function flag({ isCrashLooping }: { readonly isCrashLooping?: boolean | undefined }): number {
  return isCrashLooping === true ? 1 : 0;
}

/** What is not known has no sample. */
function series(
  kind: Kind,
  name: string,
  help: string,
  samples: readonly (readonly [labels: string, value: number | undefined])[],
): string {
  const lines = samples.flatMap(([labels, value]) => (value === undefined ? [] : [`${name}${labels} ${value}\n`]));
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}
