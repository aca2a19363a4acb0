/**
 * An embedded engine and a cluster with the same data, asked the same by the same clients in turns. What is compared is processor time
 * of all server processes together per operation: it hardly changes when the machine is busy, where rates do.
 */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { copyDataFolder } from '../data/data-folder.ts';
import { drawUsers, writeDraws } from '../data/draws.ts';
import { checkSample } from '../data/sample.ts';
import { copyServedFolder } from '../data/served-folder.ts';
import { type BenchContext, medianBy } from '../harness.ts';
import { type ClientTurn, faultNote, faultsOf, type LoadTurn, takeTurns } from '../load-turn.ts';
import { type KithServer, startKith } from '../peer/kith.ts';
import { type ClusterUsage, type KithCluster, startKithCluster } from '../peer/kith-cluster.ts';
import { makeFolder } from '../process/workspace.ts';
import type { Figures } from '../result.ts';

export interface ClusterSides {
  readonly embedded: KithServer;
  readonly cluster: KithCluster;
  readonly drawsPath: string;
  /** A sample of profiles is what the generator made on both sides, counts of events included (in any order of their names). */
  readonly isSame: boolean;
  readonly checksum: string;
  stop(): Promise<void>;
}

export async function startSides(context: BenchContext, shards: number): Promise<ClusterSides> {
  const { population } = context.size;
  const draws = drawUsers('uniform', population);
  const drawsPath = join(makeFolder('draws'), 'uniform.u32');
  writeDraws(drawsPath, draws);
  const isOne = shards === 1;
  const embeddedPath = isOne
    ? (await copyDataFolder(context)).path
    : await copyServedFolder(context, { kind: 'embedded', shards });
  const clusterPath = await copyServedFolder(context, { kind: 'cluster', shards });
  const embedded = await startKith(context, embeddedPath, ['--shards', String(shards)]);
  const cluster = await startKithCluster(context, clusterPath, { shards, routers: 1 });
  const ours = await checkSample(population, cluster, draws);
  const theirs = await checkSample(population, embedded, draws);
  let isSame = ours.isRight && theirs.isRight;
  for (const user of ours.users.slice(0, 64)) {
    const [one, other] = await Promise.all([cluster.profile(user), embedded.profile(user)]);
    isSame = isSame && isDeepStrictEqual(one.profile, other.profile);
  }
  return {
    embedded,
    cluster,
    drawsPath,
    isSame,
    checksum: ours.checksum,
    async stop() {
      await cluster.process.stop();
      await embedded.process.stop();
    },
  };
}

export interface SidesCase {
  readonly title: string;
  /** What one operation is, for the note. */
  readonly unit: 'lookup' | 'event';
  loadEmbedded(index: number): Promise<ClientTurn>;
  loadCluster(index: number): Promise<ClientTurn>;
  readonly note?: string | undefined;
}

/** Reports one case: turns of both sides, with the share of each role. */
export async function compareSides(context: BenchContext, sides: ClusterSides, of: SidesCase): Promise<void> {
  const { embedded, cluster } = sides;
  const shares: ClusterUsage[] = [];
  const books = { embedded: new EventBook(embedded), cluster: new EventBook(cluster) };
  const isIngest = of.unit === 'event';
  const settle = async (book: EventBook, server: KithServer, turn: ClientTurn): Promise<void> => {
    if (!isIngest) return;
    await book.settle(turn.totalCount);
    await server.checkpoint();
  };
  if (isIngest) for (const book of [books.embedded, books.cluster]) await book.open();
  const [ours, theirs] = await takeTurns(context, of.title, [
    {
      name: 'cluster',
      server: cluster,
      load: async (index) => {
        const before = cluster.usage();
        const turn = await of.loadCluster(index);
        // The turn that only warms up comes first and has the last index.
        if (index < context.runs) shares.push(perUnit(before, cluster.usage(), turn.totalCount));
        return turn;
      },
      after: (turn) => settle(books.cluster, cluster, turn),
    },
    {
      name: 'embedded',
      server: embedded.process,
      load: (index) => of.loadEmbedded(index),
      after: (turn) => settle(books.embedded, embedded, turn),
    },
  ]);
  const faults = [...faultsOf(ours), ...faultsOf(theirs)];
  const lost = books.embedded.lost + books.cluster.lost;
  context.report({
    case: of.title,
    ours: {
      ...figuresOf(ours),
      routerMicros: medianBy(shares, ({ routerCpuSeconds }) => routerCpuSeconds * 1e6),
      shardMicros: medianBy(shares, ({ shardCpuSeconds }) => shardCpuSeconds * 1e6),
      supervisorMicros: medianBy(shares, ({ supervisorCpuSeconds }) => supervisorCpuSeconds * 1e6),
      linkBytes: medianBy(shares, ({ linkBytes }) => linkBytes),
    },
    peer: { name: 'embedded', ...figuresOf(theirs) },
    ratio: microsOf(theirs) / microsOf(ours),
    agree: sides.isSame && lost === 0 && faults.length === 0,
    checksum: sides.checksum,
    note: faultNote(faults) ?? (lost === 0 ? of.note : `acknowledged but not counted: ${lost}`),
  });
}

/** What a server acknowledged must be what it counts. */
class EventBook {
  readonly #server: KithServer;
  #count = 0;
  lost = 0;

  constructor(server: KithServer) {
    this.#server = server;
  }

  async open(): Promise<void> {
    this.#count = await this.#server.metric('kith_events');
  }

  async settle(acknowledged: number): Promise<void> {
    const before = this.#count;
    await this.open();
    this.lost += Math.abs(acknowledged - (this.#count - before));
  }
}

function perUnit(before: ClusterUsage, after: ClusterUsage, count: number): ClusterUsage {
  return {
    routerCpuSeconds: (after.routerCpuSeconds - before.routerCpuSeconds) / count,
    shardCpuSeconds: (after.shardCpuSeconds - before.shardCpuSeconds) / count,
    supervisorCpuSeconds: (after.supervisorCpuSeconds - before.supervisorCpuSeconds) / count,
    linkBytes: (after.linkBytes - before.linkBytes) / count,
  };
}

/** `serverMicros`: processor time of all server processes per operation, which the ratio is of. */
function figuresOf(turns: readonly LoadTurn[]): Figures {
  const micros = turns.map(({ serverCpu }) => serverCpu * 1e6);
  return {
    serverMicros: microsOf(turns),
    minMicros: Math.min(...micros),
    maxMicros: Math.max(...micros),
    perSecond: medianBy(turns, ({ perSecond }) => perSecond),
    p50Ms: medianBy(turns, ({ p50Ms }) => p50Ms),
    clientCpu: medianBy(turns, ({ clientCpu }) => clientCpu),
    serverCpu: medianBy(turns, ({ serverCpu }) => serverCpu),
  };
}

function microsOf(turns: readonly LoadTurn[]): number {
  return medianBy(turns, ({ serverCpu }) => serverCpu * 1e6);
}
