/**
 * Do lookups stay quick while events stream in? The 99th percentile of lookups at a moderate fixed rate, timed from when each
 * was meant to leave, while durable ingest runs at half of the peak that was measured just before, against the same
 * with no ingest.
 *
 * agree: a sample of profiles is right, no lookup failed, every frame was taken whole, and the count of events is exact.
 */
import { join } from 'node:path';
import type { MixedConfig, MixedTurn } from '../client/mixed-client.ts';
import { copyDataFolder } from '../data/data-folder.ts';
import { drawUsers, writeDraws } from '../data/draws.ts';
import { checkSample } from '../data/sample.ts';
import { alternate, type Bench, type BenchContext, medianBy } from '../harness.ts';
import { type ClientTurn, faultNote } from '../load-turn.ts';
import { type KithServer, startKith } from '../peer/kith.ts';
import { runProgram } from '../process/child.ts';
import { makeFolder } from '../process/workspace.ts';
import type { Figures } from '../result.ts';
import { BATCH_SIZE, BATCHES_IN_FLIGHT, INGEST_CONNECTION_COUNT, ingestConfig, runClient } from './ingest-ws.ts';

const LOOKUPS_PER_SECOND = 4_000;
const LOOKUP_CONNECTION_COUNT = 16;
const PEAK_SHARE = 0.5;
const PEAK_TURNS = 3;
/** Lanes of message ids that the peak does not use. */
const FIRST_LANE = 1_000;

type Peak = Pick<ClientTurn, 'perSecond' | 'totalCount' | 'faults'>;
type Turn = MixedTurn & { readonly serverCpuShare: number };

export const mixed: Bench = {
  name: 'mixed',
  title: 'p99 of lookups while ingest runs at half its peak, against idle',
  async run(context) {
    const { population } = context.size;
    const data = await copyDataFolder(context);
    const draws = drawUsers('uniform', population);
    const drawsPath = join(makeFolder('mixed'), 'uniform.u32');
    writeDraws(drawsPath, draws);
    const kith = await startKith(context, data.path);
    const sample = await checkSample(population, kith, draws);
    const before = await kith.metric('kith_events');
    const peak = await measurePeak(context, kith);
    const batchesPerSecond = (peak.perSecond * PEAK_SHARE) / BATCH_SIZE;
    let lane = FIRST_LANE;
    const contender = (name: string, rate: number) => ({
      name,
      turn: async (index: number): Promise<Turn> => {
        const cpuBefore = kith.process.cpuSeconds;
        const turn = await runMixed(context, kith, { drawsPath, turn: index, batchesPerSecond: rate, lane: ++lane });
        const serverCpuSeconds = kith.process.cpuSeconds - cpuBefore;
        await kith.checkpoint();
        const seconds = (context.size.warmMs + context.size.turnMs) / 1_000;
        return { ...turn, serverCpuShare: serverCpuSeconds / seconds };
      },
    });
    const turns = await alternate(
      [contender('with ingest', batchesPerSecond), contender('idle', 0)],
      context.runs,
      context.progress,
    );
    const busy = turns.get('with ingest')!;
    const idle = turns.get('idle')!;
    const counted = (await kith.metric('kith_events')) - before;
    const acknowledged = peak.totalCount + busy.reduce((sum, { events }) => sum + events, 0);
    const faults = [...peak.faults, ...busy, ...idle].flatMap((turn) =>
      typeof turn === 'string' ? turn : turn.faults,
    );
    context.report({
      case: `${LOOKUPS_PER_SECOND} lookups/s, ingest at half its peak`,
      ours: { ...figuresOf(busy), peakEps: peak.perSecond },
      peer: { name: 'own idle', ...figuresOf(idle) },
      ratio: medianBy(idle, ({ p99Ms }) => p99Ms) / medianBy(busy, ({ p99Ms }) => p99Ms),
      agree: sample.isRight && counted === acknowledged && faults.length === 0,
      checksum: sample.checksum,
      note: faultNote(faults),
    });
    await kith.process.stop();
  },
};

/** The median of some turns: one alone may have met a good or a bad moment. */
async function measurePeak(context: BenchContext, kith: KithServer): Promise<Peak> {
  const turns: ClientTurn[] = [];
  for (let lane = 1; lane <= Math.min(PEAK_TURNS, context.runs); lane++) {
    context.progress('measuring the peak of ingest');
    const config = ingestConfig(context, kith, 'durable', lane, BATCHES_IN_FLIGHT);
    turns.push(await runClient(context, config));
  }
  return {
    perSecond: medianBy(turns, ({ perSecond }) => perSecond),
    totalCount: turns.reduce((sum, { totalCount }) => sum + totalCount, 0),
    faults: turns.flatMap(({ faults }) => faults),
  };
}

function runMixed(
  context: BenchContext,
  kith: KithServer,
  varying: Pick<MixedConfig, 'drawsPath' | 'turn' | 'batchesPerSecond' | 'lane'>,
): Promise<MixedTurn> {
  const { population, warmMs, turnMs } = context.size;
  const config: MixedConfig = {
    port: kith.port,
    key: kith.key,
    profiles: population.profiles,
    lookupsPerSecond: LOOKUPS_PER_SECOND,
    lookupConnectionCount: LOOKUP_CONNECTION_COUNT,
    batchSize: BATCH_SIZE,
    ingestConnectionCount: INGEST_CONNECTION_COUNT,
    batchesInFlight: BATCHES_IN_FLIGHT,
    warmMs,
    turnMs,
    ...varying,
  };
  return runProgram<MixedTurn>('client/mixed-client.js', config, { cpus: context.pins.client });
}

function figuresOf(turns: readonly Turn[]): Figures {
  return {
    p99Ms: medianBy(turns, ({ p99Ms }) => p99Ms),
    p50Ms: medianBy(turns, ({ p50Ms }) => p50Ms),
    maxMs: Math.max(...turns.map(({ maxMs }) => maxMs)),
    lateP99Ms: medianBy(turns, ({ lateP99Ms }) => lateP99Ms),
    eventsPerSecond: medianBy(turns, ({ eventsPerSecond }) => eventsPerSecond),
    clientCpu: medianBy(turns, ({ clientCpu }) => clientCpu),
    serverCpuShare: medianBy(turns, ({ serverCpuShare }) => serverCpuShare),
  };
}
