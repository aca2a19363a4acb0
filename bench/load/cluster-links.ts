/**
 * What does an event cost that makes one person of two, when the two live in different processes? People come under a visitor's id, and under their user
 * id, and then a login names both; the keys are chosen so that every login goes over both shards (or none). Two shard processes, against two
 * shards in one process, both without other data.
 *
 * agree: both sides end with one profile for each pair and with three events of it. ratio: embedded / cluster, processor time per login.
 */
import type { LinkLoadAnswer, LinkLoadConfig } from '../client/link-load.ts';
import { checksumOf } from '../data/checksum.ts';
import { alternate, type Bench, type BenchContext, medianBy } from '../harness.ts';
import { type KithServer, startKith } from '../peer/kith.ts';
import { type KithCluster, startKithCluster } from '../peer/kith-cluster.ts';
import { runProgram } from '../process/child.ts';
import { makeFolder } from '../process/workspace.ts';
import type { Figures } from '../result.ts';

const SHARD_COUNT = 2;
const PAIRS = { smoke: 200, S: 5_000, M: 20_000, L: 50_000 } as const;
const EVENTS_PER_PAIR = 3;

interface Turn {
  readonly visitMicros: number;
  readonly loginMicros: number;
  readonly loginsPerSecond: number;
  readonly clientCpu: number;
}

export const clusterLinks: Bench = {
  name: 'cluster-links',
  title: 'processor time of a login that makes one person of two over two shard processes',
  async run(context) {
    const cluster = await startKithCluster(context, makeFolder('links'), { shards: SHARD_COUNT, routers: 1 });
    const embedded = await startKith(context, makeFolder('links'), ['--shards', String(SHARD_COUNT)]);
    const pairs = PAIRS[context.size.name];
    let lane = 0;
    let pairCount = 0;
    let isRight = true;
    for (const halves of ['same', 'across'] as const) {
      const contender = (name: string, server: KithServer, cpu: { readonly cpuSeconds: number }) => ({
        name,
        turn: (): Promise<Turn> => pairsThrough(context, server, cpu, { halves, pairs, lane: ++lane }),
      });
      const contenders = [contender('cluster', cluster, cluster), contender('embedded', embedded, embedded.process)];
      const warmRuns = context.size.name === 'smoke' ? 0 : 1;
      await alternate(contenders, warmRuns, (text) => context.progress(`${halves}, warming up: ${text}`));
      const turns = await alternate(contenders, context.runs, (text) => context.progress(`${halves}: ${text}`));
      pairCount += pairs * (context.runs + warmRuns);
      for (const server of [cluster, embedded]) isRight = (await holds(server, pairCount)) && isRight;
      const ours = turns.get('cluster')!;
      const theirs = turns.get('embedded')!;
      context.report({
        case: halves === 'same' ? 'login, both ids on one shard' : 'login over two shards',
        ours: figuresOf(ours),
        peer: { name: 'embedded, 2 shards', ...figuresOf(theirs) },
        ratio: medianBy(theirs, ({ loginMicros }) => loginMicros) / medianBy(ours, ({ loginMicros }) => loginMicros),
        agree: isRight,
        checksum: checksumOf(`${halves} ${pairs}`),
      });
    }
    await stopAll(cluster, embedded);
  },
};

async function pairsThrough(
  context: BenchContext,
  { port, key }: KithServer,
  cpu: { readonly cpuSeconds: number },
  of: Pick<LinkLoadConfig, 'halves' | 'pairs' | 'lane'>,
): Promise<Turn> {
  const phase = async (name: LinkLoadConfig['phase']) => {
    const config: LinkLoadConfig = { address: { port, key }, phase: name, ...of };
    const before = cpu.cpuSeconds;
    const told = await runProgram<LinkLoadAnswer>('client/link-load.js', config, { cpus: context.pins.client });
    return { ...told, micros: ((cpu.cpuSeconds - before) / told.items) * 1e6 };
  };
  const visit = await phase('visit');
  const login = await phase('login');
  return {
    visitMicros: visit.micros,
    loginMicros: login.micros,
    loginsPerSecond: (login.items / login.tookMs) * 1_000,
    clientCpu: login.clientCpu,
  };
}

async function holds(server: KithServer, pairCount: number): Promise<boolean> {
  const profiles = await server.metric('kith_profiles');
  const events = await server.metric('kith_events');
  return profiles === pairCount && events === pairCount * EVENTS_PER_PAIR;
}

async function stopAll(cluster: KithCluster, embedded: KithServer): Promise<void> {
  await cluster.process.stop();
  await embedded.process.stop();
}

function figuresOf(turns: readonly Turn[]): Figures {
  const micros = turns.map(({ loginMicros }) => loginMicros);
  return {
    loginMicros: medianBy(turns, ({ loginMicros }) => loginMicros),
    minMicros: Math.min(...micros),
    maxMicros: Math.max(...micros),
    visitMicros: medianBy(turns, ({ visitMicros }) => visitMicros),
    loginsPerSecond: medianBy(turns, ({ loginsPerSecond }) => loginsPerSecond),
    clientCpu: medianBy(turns, ({ clientCpu }) => clientCpu),
  };
}
