/**
 * Redis with the profiles that our server serves, byte for byte, under keys that `redis-benchmark` can draw. The profiles
 * are read over the stream, a hundred in a frame.
 */
import { pack, unpack } from 'msgpackr';
import { userIdText } from '../../src/generator/text.ts';
import { redisKey, runRedisBenchmark } from '../client/redis-benchmark.ts';
import { openWebSocket } from '../client/web-socket.ts';
import { clientFrame } from '../data/client-frame.ts';
import type { BenchContext } from '../harness.ts';
import type { LoadContender } from '../load-turn.ts';
import { BenchError } from '../process/bench-error.ts';
import { missingPeer } from '../process/program.ts';
import { makeFolder } from '../process/workspace.ts';
import type { MissingPeer } from '../result.ts';
import type { KithServer } from './kith.ts';
import { RedisServer } from './redis.ts';

const PROFILES_PER_FRAME = 100;
/** A million 1 KB values take Redis 1.4 GB; more would only make it slower. */
const KEY_COUNT_MAX = 1_000_000;

export interface LoadedRedis {
  readonly server: RedisServer;
  readonly keyCount: number;
}

/** Undefined figures of a peer when Redis or its benchmark is not installed. */
export async function loadRedis(context: BenchContext, kith: KithServer): Promise<LoadedRedis | MissingPeer> {
  const absent = missingPeer('redis-get', ['redis-server', 'redis-benchmark']);
  if (absent !== undefined) return absent;
  const keyCount = Math.min(KEY_COUNT_MAX, context.size.population.profiles);
  context.progress(`loading ${keyCount} profiles into redis`);
  const server = await RedisServer.start({
    appendSync: 'none',
    folder: makeFolder('redis'),
    cpus: context.pins.server,
  });
  await server.setAll(servedProfiles(kith, keyCount));
  return { server, keyCount };
}

/** Whether Redis answers what our server did. */
export async function holdsSame(
  { server, keyCount }: LoadedRedis,
  kith: KithServer,
  users: readonly number[],
): Promise<boolean> {
  for (const user of users.filter((index) => index < keyCount)) {
    const { body } = await kith.profile(user);
    if ((await server.askText('GET', redisKey(user))) !== body.toString('utf8')) return false;
  }
  return true;
}

/** GETs of uniformly drawn keys; the number of requests follows from the rate of the turn before. */
export function redisContender(
  context: BenchContext,
  { server, keyCount }: LoadedRedis,
  load: { readonly connectionCount: number; readonly pipeline: number },
): LoadContender {
  let requestCount = context.size.name === 'smoke' ? 1_000 : 200_000;
  return {
    name: 'redis-get',
    server: server.process,
    load: async () => {
      const { port } = server;
      const turn = await runRedisBenchmark({ port, keyCount, requestCount, cpus: context.pins.client, ...load });
      if (context.size.name !== 'smoke') requestCount = Math.ceil((turn.perSecond * context.size.turnMs) / 1_000);
      return turn;
    },
  };
}

type Entry = readonly [key: string, value: Uint8Array];

async function* servedProfiles(kith: KithServer, count: number): AsyncGenerator<readonly Entry[]> {
  let heard = (_payload: Buffer): void => undefined;
  let failed = (_error: Error): void => undefined;
  const { socket } = await openWebSocket({
    address: kith,
    keepsPayload: true,
    onFrame: (_opcode, payload) => heard(payload),
    onEnd: (reason) => failed(new BenchError(reason)),
  });
  for (let start = 0; start < count; start += PROFILES_PER_FRAME) {
    const users = Array.from({ length: Math.min(PROFILES_PER_FRAME, count - start) }, (_, index) => start + index);
    const profiles = await new Promise<readonly string[]>((resolve, reject) => {
      failed = reject;
      heard = (payload) => resolve((unpack(payload) as { readonly profiles: readonly string[] }).profiles);
      socket.write(clientFrame(pack({ op: 'get', ref: start, format: 'json', ids: users.map(userIdText) }), true));
    });
    yield users.map((user, index) => [redisKey(user), Buffer.from(profiles[index])]);
  }
  failed = () => undefined;
  socket.destroy();
}
