/**
 * Our server as a cluster: a supervisor, shards and routers, each a process of its own, held on the same processors. What it
 * uses is the sum over all of them; who used it is told by role.
 */
import { readFileSync } from 'node:fs';
import type { ClusterView } from '../../src/model/cluster.ts';
import type { BenchContext } from '../harness.ts';
import { BenchError } from '../process/bench-error.ts';
import { cpuSecondsOf } from '../process/cpu.ts';
import { type KithServer, startKith } from './kith.ts';

/** Of all processes of a role, from their start. */
export interface ClusterUsage {
  readonly routerCpuSeconds: number;
  readonly shardCpuSeconds: number;
  readonly supervisorCpuSeconds: number;
  /** Over the links between routers and shards, both ways. The routers' doors do not use the calls that are counted. */
  readonly linkBytes: number;
}

export interface KithCluster extends KithServer {
  /** Of every process. */
  readonly cpuSeconds: number;
  usage(): ClusterUsage;
  view(): Promise<ClusterView>;
  /** The processes may have changed: looks who is there. */
  look(): Promise<ClusterView>;
}

export async function startKithCluster(
  context: BenchContext,
  dataPath: string,
  layout: { readonly shards: number; readonly routers: number },
): Promise<KithCluster> {
  const { shards, routers } = layout;
  const args = ['--cluster', '--shards', String(shards), '--routers', String(routers)];
  const server = await startKith(context, dataPath, args);
  let routerPids: readonly number[] = [];
  let shardPids: readonly number[] = [];
  const view = async (): Promise<ClusterView> =>
    JSON.parse((await server.call('/v1/cluster')).toString('utf8')) as ClusterView;
  const look = async (): Promise<ClusterView> => {
    const seen = await view();
    routerPids = seen.routers.map(({ pid }) => pid);
    shardPids = seen.shards.map(({ pid }) => pid);
    return seen;
  };
  const seen = await look();
  if (seen.mode !== 'cluster' || shardPids.length !== shards || routerPids.length !== routers) {
    throw new BenchError(`asked for ${shards} shards and ${routers} routers, got ${JSON.stringify(seen)}`);
  }
  const usage = (): ClusterUsage => ({
    routerCpuSeconds: sumOf(routerPids, cpuSecondsOf),
    shardCpuSeconds: sumOf(shardPids, cpuSecondsOf),
    supervisorCpuSeconds: cpuSecondsOf(server.process.pid),
    linkBytes: sumOf(routerPids, plainTrafficOf),
  });
  return {
    ...server,
    get cpuSeconds() {
      const { routerCpuSeconds, shardCpuSeconds, supervisorCpuSeconds } = usage();
      return routerCpuSeconds + shardCpuSeconds + supervisorCpuSeconds;
    },
    usage,
    view,
    look,
  };
}

/** Who reads and writes sockets as files is counted: links do, doors (`recv` and `send`) do not. NaN where there is no such account. */
function plainTrafficOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/io`, 'latin1');
    const figure = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1]);
    return figure('rchar') + figure('wchar');
  } catch {
    return Number.NaN;
  }
}

function sumOf(pids: readonly number[], figure: (pid: number) => number): number {
  return pids.reduce((sum, pid) => sum + figure(pid), 0);
}
