/** The process of a router: the doors, on a port that all routers share, in front of the shards. */
import { type ClusterEngine, openClusterEngine } from '../cluster/cluster-engine.ts';
import { EngineError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import { startServer } from '../server/server.ts';
import type { RoleContext, RolePart } from './role-part.ts';

/** A router that listens should have its links; but shards that are down must not keep it from the others. */
const LINKS_MS = 2_000;
const LOOK_PAUSE_MS = 10;

const NO_SHARD = { accepted: 0, lookups: 0, profiles: 0, events: 0, appliedSeq: 0, durableSeq: 0, checkpointSeq: 0 };

export async function openRouterPart({ link, network, clock, random, logger }: RoleContext): Promise<RolePart> {
  const { door, limits } = link.config;
  if (door === undefined) throw new EngineError('internal', 'a router without a door in its configuration');
  const engine = await openClusterEngine({
    map: link.map,
    network,
    clock,
    random,
    limits,
    clusterView: () => link.view(),
    rebalance: (shards) => link.rebalance(shards),
    court: link.court,
    quarantine: link.quarantine,
  });
  link.onMap((map) => engine.useMap(map));
  await whenShardsAnswer(engine, clock);
  const server = await startServer(engine, { ...door, limits, logger });
  return {
    door: server.url,
    useMap: (map) => engine.useMap(map),
    useQuarantine: (news) => engine.useQuarantine(news),
    async stats() {
      // Its own are only the questions; the rest is the shards', which tell it themselves.
      return { ...NO_SHARD, queries: engine.questionCount, memoryBytes: process.memoryUsage.rss() };
    },
    async close() {
      await server.close();
      await engine.close();
    },
  };
}

async function whenShardsAnswer(engine: ClusterEngine, clock: Clock): Promise<void> {
  const endMs = clock.monotonicMs() + LINKS_MS;
  while (clock.monotonicMs() < endMs && !(await engine.stats()).isReady) {
    await new Promise<void>((resolve) => clock.after(LOOK_PAUSE_MS, resolve));
  }
}
