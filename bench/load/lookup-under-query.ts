/**
 * Do lookups stay quick while everyone is asked about? The 99th percentile of lookups at a moderate fixed rate, each timed from when it
 * was meant to leave, while four questions that read whole tables run one after the other on four connections, against the same with none.
 * The server, workers and all, has one processor: were it given both of two, its thread would take turns with the client, which spins.
 *
 * agree: a sample of profiles is right, no lookup failed, and every question was answered the same throughout.
 */
import { join } from 'node:path';
import type { Expression } from '../../src/model/expression.ts';
import type { MixedConfig, MixedTurn } from '../client/mixed-client.ts';
import { copyDataFolder } from '../data/data-folder.ts';
import { drawUsers, writeDraws } from '../data/draws.ts';
import { checkSample } from '../data/sample.ts';
import { alternate, type Bench, medianBy } from '../harness.ts';
import { faultNote } from '../load-turn.ts';
import { startKith } from '../peer/kith.ts';
import { runProgram } from '../process/child.ts';
import { makeFolder } from '../process/workspace.ts';
import type { Figures } from '../result.ts';

const LOOKUPS_PER_SECOND = 4_000;
const LOOKUP_CONNECTION_COUNT = 16;

/** Each looks at every event of a name, or at every profile. */
const QUESTIONS: readonly Expression[] = [
  { event: 'Page Viewed', count: { op: 'gte', value: 20 }, window: { from: '2025-02-01' } },
  { event: 'Page Viewed', where: [{ property: 'load_ms', op: 'gt', value: 900 }], count: { op: 'gte', value: 3 } },
  { event: 'Product Viewed', aggregate: { fn: 'sum', property: 'price', op: 'gt', value: 300 } },
  {
    sequence: [{ event: 'Product Viewed' }, { event: 'Product Added' }, { event: 'Order Completed', within: '1d' }],
  },
];

type Turn = MixedTurn & { readonly questions: number; readonly isSame: boolean };

export const lookupUnderQuery: Bench = {
  name: 'lookup-under-query',
  title: 'p99 of lookups while four questions about everyone run, against idle',
  async run(context) {
    const { population, warmMs, turnMs } = context.size;
    const data = await copyDataFolder(context);
    const draws = drawUsers('uniform', population);
    const drawsPath = join(makeFolder('under-query'), 'uniform.u32');
    writeDraws(drawsPath, draws);
    const kith = await startKith(context, data.path);
    const sample = await checkSample(population, kith, draws);
    const expected = await Promise.all(QUESTIONS.map((question) => kith.count(question)));
    const look = (turn: number): Promise<MixedTurn> => {
      const config: MixedConfig = {
        port: kith.port,
        key: kith.key,
        profiles: population.profiles,
        lookupsPerSecond: LOOKUPS_PER_SECOND,
        lookupConnectionCount: LOOKUP_CONNECTION_COUNT,
        batchesPerSecond: 0,
        batchSize: 1,
        ingestConnectionCount: 0,
        batchesInFlight: 0,
        lane: 0,
        warmMs,
        turnMs,
        drawsPath,
        turn,
      };
      return runProgram<MixedTurn>('client/mixed-client.js', config, { cpus: context.pins.client });
    };
    const busy = async (index: number): Promise<Turn> => {
      let isOver = false;
      let questions = 0;
      let isSame = true;
      const asking = QUESTIONS.map(async (question, i) => {
        while (!isOver) {
          isSame = (await kith.count(question)) === expected[i] && isSame;
          questions += 1;
        }
      });
      const turn = await look(index);
      isOver = true;
      await Promise.all(asking);
      return { ...turn, questions, isSame };
    };
    const idle = async (index: number): Promise<Turn> => ({ ...(await look(index)), questions: 0, isSame: true });
    const turns = await alternate(
      [
        { name: 'under questions', turn: busy },
        { name: 'idle', turn: idle },
      ],
      context.runs,
      context.progress,
    );
    const [loaded, calm] = [turns.get('under questions')!, turns.get('idle')!];
    const all = [...loaded, ...calm];
    const faults = all.flatMap((turn) => turn.faults);
    const seconds = (warmMs + turnMs) / 1_000;
    context.report({
      case: `${LOOKUPS_PER_SECOND} lookups/s under four questions`,
      ours: { ...figuresOf(loaded), questionsPerSecond: medianBy(loaded, ({ questions }) => questions / seconds) },
      peer: { name: 'own idle', ...figuresOf(calm) },
      ratio: medianBy(calm, ({ p99Ms }) => p99Ms) / medianBy(loaded, ({ p99Ms }) => p99Ms),
      agree: sample.isRight && faults.length === 0 && all.every(({ isSame }) => isSame),
      checksum: sample.checksum,
      note: faultNote(faults),
    });
    await kith.process.stop();
  },
};

function figuresOf(turns: readonly Turn[]): Figures {
  return {
    p99Ms: medianBy(turns, ({ p99Ms }) => p99Ms),
    p50Ms: medianBy(turns, ({ p50Ms }) => p50Ms),
    maxMs: Math.max(...turns.map(({ maxMs }) => maxMs)),
    clientCpu: medianBy(turns, ({ clientCpu }) => clientCpu),
  };
}
