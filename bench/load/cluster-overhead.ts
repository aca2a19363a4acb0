/**
 * What does it cost to have the engine in another process than the door? Processor time of router and shard per lookup and per event, one
 * shard, against an engine in one process: one lookup a request over HTTP, sixteen a frame, events a hundred a frame (durable).
 *
 * agree: the same answers for a sample of profiles on both sides, as the generator made them; no request failed; both count exactly the events
 * that they acknowledged. ratio: embedded / cluster, so 0.5 means twice the processor time.
 */
import type { LookupLoadConfig } from '../client/lookup-load.ts';
import { runWrk } from '../client/wrk.ts';
import type { Bench, BenchContext } from '../harness.ts';
import type { ClientTurn } from '../load-turn.ts';
import type { KithServer } from '../peer/kith.ts';
import { runProgram } from '../process/child.ts';
import { findProgram } from '../process/program.ts';
import { type ClusterSides, compareSides, startSides } from './cluster-sides.ts';
import { BATCHES_IN_FLIGHT, ingestConfig, runClient } from './ingest-ws.ts';

const CONNECTION_COUNT = 32;
const IDS_PER_FRAME = 16;
/** Draws between the beginnings of two turns. */
const DRAWS_PER_TURN = 500_009;

export const clusterOverhead: Bench = {
  name: 'cluster-overhead',
  title: 'processor time per lookup and event through a router, against one process',
  async run(context) {
    const sides = await startSides(context, 1);
    const { embedded, cluster } = sides;
    const cases = [
      {
        title: 'lookup, HTTP',
        unit: 'lookup' as const,
        loadEmbedded: (index: number) => httpLookups(context, sides, embedded.port, index),
        loadCluster: (index: number) => httpLookups(context, sides, cluster.port, index),
      },
      {
        title: `lookup, ${IDS_PER_FRAME} a frame`,
        unit: 'lookup' as const,
        loadEmbedded: (index: number) => frameLookups(context, sides, embedded, index),
        loadCluster: (index: number) => frameLookups(context, sides, cluster, index),
      },
      {
        title: 'event, 100 a frame, durable',
        unit: 'event' as const,
        loadEmbedded: (index: number) => events(context, embedded, index),
        loadCluster: (index: number) => events(context, cluster, index),
      },
    ];
    for (const one of cases) {
      if (context.cases?.some((name) => one.title.includes(name)) === false) continue;
      await compareSides(context, sides, one);
    }
    await sides.stop();
  },
};

/** wrk where there is one: it leaves more of the machine to the servers. */
export function httpLookups(
  context: BenchContext,
  { embedded, drawsPath }: ClusterSides,
  port: number,
  index: number,
): Promise<ClientTurn> {
  const options = {
    port,
    key: embedded.key,
    drawsPath,
    drawIndex: index * DRAWS_PER_TURN,
    connectionCount: CONNECTION_COUNT,
    turnMs: context.size.turnMs,
    cpus: context.pins.client,
  };
  if (findProgram('wrk') !== undefined) return runWrk(options);
  return runProgram<ClientTurn>('client/autocannon-client.js', options, { cpus: context.pins.client });
}

function frameLookups(
  context: BenchContext,
  { drawsPath }: ClusterSides,
  { port, key }: KithServer,
  turn: number,
): Promise<ClientTurn> {
  const config: LookupLoadConfig = {
    kind: 'lookup',
    address: { port, key },
    drawsPath,
    turn,
    encoding: 'msgpack',
    idCount: IDS_PER_FRAME,
    connectionCount: CONNECTION_COUNT,
    framesInFlight: 1,
    warmMs: context.size.warmMs,
    turnMs: context.size.turnMs,
  };
  return runProgram<ClientTurn>('client/socket-client.js', config, { cpus: context.pins.client });
}

function events(context: BenchContext, server: KithServer, index: number): Promise<ClientTurn> {
  return runClient(context, ingestConfig(context, server, 'durable', index + 1, BATCHES_IN_FLIGHT));
}
