/**
 * Does a lookup cost more than the socket it came through? 1 KB profiles over keep-alive HTTP, against a handler that
 * sends the same bytes without looking anything up, and against Redis' GET of the same bytes without pipelining.
 *
 * agree: a sample of answers equals what the generator made (id and all traits), Redis holds the same bytes, the bare
 * handler's answers are as long as ours on average (within 5 %), and no request failed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HttpLoadOptions, runWrk } from '../client/wrk.ts';
import { copyDataFolder } from '../data/data-folder.ts';
import { type Distribution, drawUsers, writeDraws } from '../data/draws.ts';
import { checkSample, type SampleCheck } from '../data/sample.ts';
import type { Bench, BenchContext } from '../harness.ts';
import {
  type ClientTurn,
  faultNote,
  faultsOf,
  figuresOf,
  type LoadContender,
  rateOf,
  takeTurns,
} from '../load-turn.ts';
import { type KithServer, startKith } from '../peer/kith.ts';
import { holdsSame, loadRedis, redisContender } from '../peer/loaded-redis.ts';
import { runProgram, startProgram } from '../process/child.ts';
import { missingPeer } from '../process/program.ts';
import { makeFolder } from '../process/workspace.ts';
import { isMissing } from '../result.ts';

const CONNECTION_COUNT = 32;
/** Draws between the beginnings of two turns. */
const DRAWS_PER_TURN = 500_009;
const ANSWER_BYTES_TOLERANCE = 0.05;

type HttpClient = (options: HttpLoadOptions) => Promise<ClientTurn>;

export const lookupHttp: Bench = {
  name: 'lookup-http',
  title: 'lookups over keep-alive HTTP against a bare handler and redis GET',
  async run(context) {
    const data = await copyDataFolder(context);
    const draws = drawUsers('uniform', context.size.population);
    const kith = await startKith(context, data.path);
    const sample = await checkSample(context.size.population, kith, draws);
    const folder = makeFolder('lookup-http');
    const drawsOf = (distribution: Distribution): string => {
      const path = join(folder, `${distribution}.u32`);
      writeDraws(path, distribution === 'uniform' ? draws : drawUsers(distribution, context.size.population));
      return path;
    };
    const uniform = drawsOf('uniform');
    const rig: Rig = { context, kith, sample, bare: await startBare(context, folder, sample.meanBody) };
    const absent = missingPeer('uws-bare', ['wrk']);
    if (absent === undefined) {
      await againstBare(rig, 'uniform', runWrk, uniform);
      await againstBare(rig, 'zipf', runWrk, drawsOf('zipf'));
      await againstRedis(rig, uniform);
    } else {
      const { isRight, checksum } = sample;
      context.report({ case: 'uniform', ours: {}, peer: absent, ratio: null, agree: isRight, checksum });
    }
    await againstBare(rig, 'uniform, autocannon', runAutocannon, uniform);
    await rig.bare.server.stop();
    await kith.process.stop();
  },
};

interface Rig {
  readonly context: BenchContext;
  readonly kith: KithServer;
  readonly sample: SampleCheck;
  readonly bare: Awaited<ReturnType<typeof startBare>>;
}

async function startBare(context: BenchContext, folder: string, body: Buffer) {
  const bodyPath = join(folder, 'body');
  writeFileSync(bodyPath, body);
  const server = startProgram('peer/bare-http.js', { bodyPath }, { cpus: context.pins.server });
  const { port } = JSON.parse(await server.line((line) => line.startsWith('{'))) as { port: number };
  return { server, port };
}

function kithContender({ context, kith }: Rig, client: HttpClient, drawsPath: string): LoadContender {
  return {
    name: 'kith',
    server: kith.process,
    load: (index) => client(optionsOf(context, kith.port, kith.key, drawsPath, index)),
  };
}

async function againstBare(rig: Rig, title: string, client: HttpClient, drawsPath: string): Promise<void> {
  const { context, kith, sample, bare } = rig;
  const [ours, theirs] = await takeTurns(context, title, [
    kithContender(rig, client, drawsPath),
    {
      name: 'uws-bare',
      server: bare.server,
      load: (index) => client(optionsOf(context, bare.port, kith.key, drawsPath, index)),
    },
  ]);
  const faults = [...faultsOf(ours), ...faultsOf(theirs)];
  const oursFigures = figuresOf(ours, 'Rps');
  const peerFigures = figuresOf(theirs, 'Rps');
  const difference = Number(oursFigures['answerBytes']) / Number(peerFigures['answerBytes']) - 1;
  context.report({
    case: title,
    ours: oursFigures,
    peer: { name: 'uws-bare', ...peerFigures },
    ratio: rateOf(ours) / rateOf(theirs),
    agree: sample.isRight && Math.abs(difference) < ANSWER_BYTES_TOLERANCE && faults.length === 0,
    checksum: sample.checksum,
    note: faultNote(faults),
  });
}

async function againstRedis(rig: Rig, drawsPath: string): Promise<void> {
  const { context, kith, sample } = rig;
  const title = 'uniform, redis';
  const { checksum, isRight } = sample;
  const redis = await loadRedis(context, kith);
  if (isMissing(redis)) {
    context.report({ case: title, ours: {}, peer: redis, ratio: null, agree: isRight, checksum });
    return;
  }
  const [ours, theirs] = await takeTurns(context, title, [
    kithContender(rig, runWrk, drawsPath),
    redisContender(context, redis, { connectionCount: CONNECTION_COUNT, pipeline: 1 }),
  ]);
  const faults = faultsOf(ours);
  context.report({
    case: title,
    ours: figuresOf(ours, 'Rps'),
    peer: { name: 'redis-get', ...figuresOf(theirs, 'Rps'), keys: redis.keyCount },
    ratio: rateOf(ours) / rateOf(theirs),
    agree: isRight && (await holdsSame(redis, kith, sample.users)) && faults.length === 0,
    checksum,
    note: faultNote(faults),
  });
  await redis.server.process.stop();
}

function optionsOf(
  context: BenchContext,
  port: number,
  key: string,
  drawsPath: string,
  index: number,
): HttpLoadOptions {
  return {
    port,
    key,
    drawsPath,
    drawIndex: index * DRAWS_PER_TURN,
    connectionCount: CONNECTION_COUNT,
    turnMs: context.size.turnMs,
    cpus: context.pins.client,
  };
}

function runAutocannon(options: HttpLoadOptions): Promise<ClientTurn> {
  return runProgram<ClientTurn>('client/autocannon-client.js', options, { cpus: options.cpus });
}
