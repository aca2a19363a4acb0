/**
 * What is left of that when clients know the slots? The same processor time with lookups and events sent to the owning shard's own door: by
 * `kith/client`, which routes so by itself, and as bare HTTP to the shard's door. Against an engine in one process, by the same client.
 *
 * agree: the same answers for a sample of profiles on both sides; the client went direct and was told no wrong profile; both count exactly the
 * events that they acknowledged. ratio: embedded / cluster.
 */
import type { KithClientConfig } from '../client/kith-client-load.ts';
import type { Bench, BenchContext } from '../harness.ts';
import type { ClientTurn } from '../load-turn.ts';
import type { KithServer } from '../peer/kith.ts';
import { BenchError } from '../process/bench-error.ts';
import { runProgram } from '../process/child.ts';
import { httpLookups } from './cluster-overhead.ts';
import { type ClusterSides, compareSides, startSides } from './cluster-sides.ts';

const LOOKUP_CONCURRENCY = 256;
const SEND_CONCURRENCY = 32;
/** The uncounted turn is the `runs`th: message ids and times of every turn are its own. */
const FIRST_LANE = 1;

export const clusterDirect: Bench = {
  name: 'cluster-direct',
  title: "processor time per lookup and event at the shards' own doors, against one process",
  async run(context) {
    const sides = await startSides(context, 1);
    const { embedded, cluster } = sides;
    const [shard] = (await cluster.view()).shards;
    if (shard.address === '') throw new BenchError('the shard has no door of its own');
    const shardPort = Number(new URL(shard.address).port);
    const cases = [
      {
        title: 'lookup, HTTP',
        unit: 'lookup' as const,
        loadEmbedded: (index: number) => httpLookups(context, sides, embedded.port, index),
        loadCluster: (index: number) => httpLookups(context, sides, shardPort, index),
      },
      ...(['lookups', 'events'] as const).map((what) => ({
        title: what === 'lookups' ? 'lookup, kith/client' : 'event, kith/client, 100 a call, durable',
        unit: what === 'lookups' ? ('lookup' as const) : ('event' as const),
        loadEmbedded: (index: number) => clientLoad(context, sides, embedded, what, 'router', index),
        loadCluster: (index: number) => clientLoad(context, sides, cluster, what, 'direct', index),
      })),
    ];
    for (const one of cases) {
      if (context.cases?.some((name) => one.title.includes(name)) === false) continue;
      await compareSides(context, sides, one);
    }
    await sides.stop();
  },
};

function clientLoad(
  context: BenchContext,
  { drawsPath }: ClusterSides,
  { url, key }: KithServer,
  what: KithClientConfig['what'],
  routing: KithClientConfig['routing'],
  index: number,
): Promise<ClientTurn> {
  const config: KithClientConfig = {
    what,
    url,
    key,
    routing,
    concurrency: what === 'lookups' ? LOOKUP_CONCURRENCY : SEND_CONCURRENCY,
    drawsPath,
    profiles: context.size.population.profiles,
    lane: FIRST_LANE + index,
    warmMs: context.size.warmMs,
    turnMs: context.size.turnMs,
  };
  return runProgram<ClientTurn>('client/kith-client-load.js', config, { cpus: context.pins.client });
}
