/**
 * Sixteen lookups in one frame against sixteen GETs in one pipeline: what is left when the cost of a request is shared.
 * The same number of connections × lookups under way on both sides.
 *
 * agree: a sample of profiles equals what the generator made and what Redis holds, every frame was answered, and answers
 * were as long as that many profiles are (within 5 %).
 */
import { join } from 'node:path';
import type { LookupLoadConfig } from '../client/lookup-load.ts';
import { copyDataFolder } from '../data/data-folder.ts';
import { drawUsers, writeDraws } from '../data/draws.ts';
import type { FrameEncoding } from '../data/lookup-frame.ts';
import { checkSample } from '../data/sample.ts';
import type { Bench } from '../harness.ts';
import {
  type ClientTurn,
  faultNote,
  faultsOf,
  figuresOf,
  type LoadContender,
  rateOf,
  takeTurns,
} from '../load-turn.ts';
import { startKith } from '../peer/kith.ts';
import { holdsSame, loadRedis, redisContender } from '../peer/loaded-redis.ts';
import { runProgram } from '../process/child.ts';
import { makeFolder } from '../process/workspace.ts';
import { isMissing } from '../result.ts';

const ID_COUNT = 16;
const CONNECTION_COUNT = 32;
const FRAMES_IN_FLIGHT = 1;
const ANSWER_BYTES_TOLERANCE = 0.05;
const ENCODINGS: readonly FrameEncoding[] = ['msgpack', 'json'];

export const lookupBatch: Bench = {
  name: 'lookup-batch',
  title: '16 lookups a WebSocket frame against redis-benchmark GET -P 16',
  async run(context) {
    const { population, warmMs, turnMs } = context.size;
    const data = await copyDataFolder(context);
    const draws = drawUsers('uniform', population);
    const drawsPath = join(makeFolder('lookup-batch'), 'uniform.u32');
    writeDraws(drawsPath, draws);
    const kith = await startKith(context, data.path);
    const sample = await checkSample(population, kith, draws);
    const contender = (encoding: FrameEncoding): LoadContender => ({
      name: `kith, ${encoding}`,
      server: kith.process,
      load: (turn) => {
        const config: LookupLoadConfig = {
          kind: 'lookup',
          address: { port: kith.port, key: kith.key },
          drawsPath,
          turn,
          encoding,
          idCount: ID_COUNT,
          connectionCount: CONNECTION_COUNT,
          framesInFlight: FRAMES_IN_FLIGHT,
          warmMs,
          turnMs,
        };
        return runProgram<ClientTurn>('client/socket-client.js', config, { cpus: context.pins.client });
      },
    });
    const redis = await loadRedis(context, kith);
    const peers = isMissing(redis)
      ? []
      : [redisContender(context, redis, { connectionCount: CONNECTION_COUNT, pipeline: ID_COUNT })];
    const turns = await takeTurns(context, 'uniform', [...ENCODINGS.map(contender), ...peers]);
    const isSame = isMissing(redis) || (await holdsSame(redis, kith, sample.users));
    for (const [index, encoding] of ENCODINGS.entries()) {
      const ours = turns[index];
      const theirs = turns[ENCODINGS.length];
      const figures = figuresOf(ours, 'Rps');
      const faults = faultsOf(ours);
      const isWhole = Number(figures['answerBytes']) > sample.meanBody.length * (1 - ANSWER_BYTES_TOLERANCE);
      context.report({
        case: `uniform, ${encoding}`,
        ours: figures,
        peer: isMissing(redis)
          ? redis
          : { name: `redis-get -P ${ID_COUNT}`, ...figuresOf(theirs, 'Rps'), keys: redis.keyCount },
        ratio: isMissing(redis) ? null : rateOf(ours) / rateOf(theirs),
        agree: sample.isRight && isSame && isWhole && faults.length === 0,
        checksum: sample.checksum,
        note: faultNote(faults),
      });
    }
    if (!isMissing(redis)) await redis.server.process.stop();
    await kith.process.stop();
  },
};
