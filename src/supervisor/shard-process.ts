/** The process of a shard: its host for the other processes, and its own door for clients that know the slots. */
import { openShardHost } from '../cluster/shard-host.ts';
import { EngineError } from '../model/error.ts';
import { type RunningServer, startServer } from '../server/server.ts';
import { deathForTests } from './death-for-tests.ts';
import type { RoleContext, RolePart } from './role-part.ts';

export async function openShardPart({
  index,
  link,
  network,
  clock,
  random,
  logger,
  onFatal,
}: RoleContext): Promise<RolePart> {
  const { engine, door, limits } = link.config;
  if (engine === undefined) throw new EngineError('internal', 'a shard without an engine in its configuration');
  const host = await openShardHost({
    index,
    map: link.map,
    network,
    clock,
    random,
    engine,
    onFatal,
    court: link.court,
    quarantine: link.quarantine,
    wrapCalls: deathForTests(process.env),
  });
  // It needs the map to find its peers while it catches up.
  link.onMap((map) => host.useMap(map));
  await host.whenServing();
  let server: RunningServer | undefined;
  if (door !== undefined) server = await startServer(host.gateway, { ...door, limits, logger });
  return {
    door: server?.url ?? '',
    useMap: (map) => host.useMap(map),
    useQuarantine: (news) => host.useQuarantine(news),
    // Of this shard alone; its door's engine speaks for the whole cluster.
    async stats() {
      const stats = host.stats();
      const shard = stats.shards[0];
      return {
        memoryBytes: process.memoryUsage.rss(),
        accepted: stats.accepted,
        lookups: stats.lookups,
        queries: stats.queries,
        profiles: stats.profiles,
        events: stats.events,
        appliedSeq: shard?.appliedSeq ?? 0,
        durableSeq: shard?.durableSeq ?? 0,
        checkpointSeq: shard?.checkpointSeq ?? 0,
      };
    },
    async close() {
      await server?.close();
      await host.close();
    },
  };
}
