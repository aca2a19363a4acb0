/**
 * Does ingest go on while slots move? The rate of events acknowledged (durable) from the first slot that moves, on the way from two shards to three, to the
 * last, against the rate with nothing moving: of the same client over the same connections, in as long a time before the order and behind the last slot.
 * The third shard's process starts between the order and the first slot: that is told as `startMs`. Between two turns the slots go back.
 *
 * agree: every frame was taken whole, the cluster counts exactly the events that it acknowledged and as many profiles as before, and a sample
 * of profiles is right on their new shards.
 */
import type { ClusterView } from '../../src/model/cluster.ts';
import type { IngestLoadConfig } from '../client/ingest-load.ts';
import { drawUsers } from '../data/draws.ts';
import { checkSample } from '../data/sample.ts';
import { copyServedFolder } from '../data/served-folder.ts';
import { type Bench, medianBy } from '../harness.ts';
import { type ClientTurn, faultNote } from '../load-turn.ts';
import { type KithCluster, startKithCluster } from '../peer/kith-cluster.ts';
import { BenchError } from '../process/bench-error.ts';
import { startProgram } from '../process/child.ts';
import type { Figures } from '../result.ts';
import { BATCHES_IN_FLIGHT, ingestConfig } from './ingest-ws.ts';

const SHARD_COUNT = 2;
const GROWN_COUNT = 3;
const BUCKET_MS = 20;
/** Sending, before anything is measured: a client and a server that begin are slow. */
const LEAD_MS = 2_000;
/** Of steady sending, on each side of the move. */
const STEADY_MS = 2_000;
const POLL_MS = 20;
const GIVE_UP_MS = 600_000;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Turn {
  readonly steadyPerSecond: number;
  readonly movingPerSecond: number;
  /** From the order to the first slot. */
  readonly startMs: number;
  readonly moveMs: number;
  readonly clientCpu: number;
}

export const rebalance: Bench = {
  name: 'rebalance',
  title: 'ingest while slots move from two shards to three, against ingest with nothing moving',
  async run(context) {
    const path = await copyServedFolder(context, { kind: 'cluster', shards: SHARD_COUNT });
    const cluster = await startKithCluster(context, path, { shards: SHARD_COUNT, routers: 1 });
    const before = await cluster.metric('kith_events');
    const turns: Turn[] = [];
    const faults: string[] = [];
    let acknowledged = 0;
    let lane = 0;
    const config = (): IngestLoadConfig => ({
      ...ingestConfig(context, cluster, 'durable', ++lane, BATCHES_IN_FLIGHT),
      bucketMs: BUCKET_MS,
    });
    const noted = (turn: ClientTurn): ClientTurn => {
      acknowledged += turn.totalCount;
      faults.push(...turn.faults);
      return turn;
    };
    for (let run = 0; run < context.runs; run++) {
      context.progress(`run ${run + 1} of ${context.runs}`);
      const client = startProgram(
        'client/socket-client.js',
        { ...config(), isOpenEnded: true },
        { cpus: context.pins.client },
      );
      await pause(context.size.warmMs + LEAD_MS);
      const before = await spanOf(STEADY_MS);
      const { orderedMs, fromMs, toMs } = await moveTo(cluster, GROWN_COUNT);
      const after = await spanOf(STEADY_MS);
      const turn = noted(JSON.parse(await client.ask('end')) as ClientTurn);
      await client.finished();
      turns.push({
        steadyPerSecond: (rateWithin(turn, before) + rateWithin(turn, after)) / 2,
        movingPerSecond: rateWithin(turn, { fromMs, toMs }),
        startMs: fromMs - orderedMs,
        moveMs: toMs - fromMs,
        clientCpu: turn.clientCpu,
      });
      if (run + 1 < context.runs) await moveTo(cluster, SHARD_COUNT);
    }
    const counted = (await cluster.metric('kith_events')) - before;
    const profiles = await cluster.metric('kith_profiles');
    const { population } = context.size;
    const sample = await checkSample(population, cluster, drawUsers('uniform', population));
    context.report({
      case: `${SHARD_COUNT} to ${GROWN_COUNT} shards`,
      ours: figuresOf(turns, ({ movingPerSecond }) => movingPerSecond),
      peer: { name: 'own steady rate', ...figuresOf(turns, ({ steadyPerSecond }) => steadyPerSecond) },
      ratio: medianBy(turns, (turn) => turn.movingPerSecond / turn.steadyPerSecond),
      agree: sample.isRight && counted === acknowledged && profiles === population.profiles && faults.length === 0,
      checksum: sample.checksum,
      note: faultNote(faults),
    });
    await cluster.process.stop();
  },
};

async function spanOf(durationMs: number): Promise<Span> {
  const fromMs = Date.now();
  await pause(durationMs);
  return { fromMs, toMs: Date.now() };
}

/** Gives when it was ordered, when the first slot began to move and when the last one had moved. */
async function moveTo(cluster: KithCluster, shards: number): Promise<Span & { readonly orderedMs: number }> {
  const orderedMs = Date.now();
  await cluster.call('/v1/cluster/rebalance', 'POST', { shards });
  let fromMs: number | undefined;
  while (Date.now() < orderedMs + GIVE_UP_MS) {
    const view = await cluster.view();
    if (fromMs === undefined && view.move?.slotRanges.length !== 0) fromMs = Date.now();
    if (isSpread(view, shards)) return { orderedMs, fromMs: fromMs ?? orderedMs, toMs: Date.now() };
    await pause(POLL_MS);
  }
  throw new BenchError(`the slots are not on ${shards} shards after ${GIVE_UP_MS} ms`);
}

function isSpread({ move, shards }: ClusterView, count: number): boolean {
  const owners = shards.filter(({ slotCount }) => slotCount > 0);
  return move === undefined && owners.length === count;
}

/** Events a second of the pieces of time that lie in the span whole. */
function rateWithin({ timeline }: ClientTurn, { fromMs, toMs }: Span): number {
  if (timeline === undefined) throw new BenchError('the client kept no timeline');
  const { startedAtMs, bucketMs, counts } = timeline;
  let count = 0;
  let buckets = 0;
  for (const [index, one] of counts.entries()) {
    const startMs = startedAtMs + index * bucketMs;
    if (startMs < fromMs || startMs + bucketMs > toMs) continue;
    count += one;
    buckets += 1;
  }
  if (buckets === 0) throw new BenchError('nothing was sent while slots moved');
  return (count / (buckets * bucketMs)) * 1_000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function figuresOf(turns: readonly Turn[], rate: (turn: Turn) => number): Figures {
  const rates = turns.map(rate);
  return {
    medianEps: medianBy(turns, rate),
    minEps: Math.min(...rates),
    maxEps: Math.max(...rates),
    startMs: medianBy(turns, ({ startMs }) => startMs),
    moveMs: medianBy(turns, ({ moveMs }) => moveMs),
    clientCpu: medianBy(turns, ({ clientCpu }) => clientCpu),
  };
}
