/**
 * How long is a shard's data away after `kill -9`? From the kill to the first right answer of a profile of that shard through the router, with
 * events behind the last checkpoint, against starting an engine by itself on the same shard's folder, from the start of its process to the
 * same answer. Both end by force, so that every turn finds the same folder.
 *
 * agree: the profile is the generator's after every turn, and the cluster counts as many events after the kill as before. ratio: own start / failover.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { slotOf } from '../../src/client/cluster-map.ts';
import { userIdText } from '../../src/generator/text.ts';
import { answeredChecksum, expectedChecksum } from '../data/checksum.ts';
import { copyServedFolder } from '../data/served-folder.ts';
import { alternate, type Bench, medianBy } from '../harness.ts';
import { faultNote } from '../load-turn.ts';
import { type ServedProfile, startKith } from '../peer/kith.ts';
import { type KithCluster, startKithCluster } from '../peer/kith-cluster.ts';
import { BenchError } from '../process/bench-error.ts';
import { makeFolder } from '../process/workspace.ts';
import type { Figures } from '../result.ts';
import { BATCHES_IN_FLIGHT, ingestConfig, runClient } from './ingest-ws.ts';

const SHARD_COUNT = 2;
const POLL_MS = 5;
const GIVE_UP_MS = 600_000;
const NO_LANE = 1;

interface Turn {
  readonly tookMs: number;
  readonly isRight: boolean;
}

export const failover: Bench = {
  name: 'failover',
  title: 'kill -9 of a shard to its first answer, against starting an engine on its folder',
  async run(context) {
    const { population } = context.size;
    const layout = { shards: SHARD_COUNT, routers: 1 };
    const path = await copyServedFolder(context, { kind: 'cluster', shards: SHARD_COUNT });
    const filling = await startKithCluster(context, path, layout);
    const config = ingestConfig(context, filling, 'durable', NO_LANE, BATCHES_IN_FLIGHT);
    const tail = await runClient(context, { ...config, warmMs: 0 });
    const user = await userOfFirstShard(filling, population.profiles);
    await killAll(filling);
    const alonePath = join(makeFolder('alone'), 'data');
    cpSync(join(path, 'shard-0'), alonePath, { recursive: true });
    const checksum = expectedChecksum(population, [user]);
    const isUser = (profile: ServedProfile): boolean => answeredChecksum([profile]) === checksum;
    const turns = await alternate(
      [
        {
          name: 'failover',
          turn: async (): Promise<Turn> => {
            // A fresh supervisor: only the first death of a shard is answered without a pause.
            const cluster = await startKithCluster(context, path, layout);
            const before = await cluster.metric('kith_events');
            const [shard] = (await cluster.view()).shards;
            const startMs = performance.now();
            process.kill(shard.pid, 'SIGKILL');
            const profile = await whenServed(cluster.url, cluster.key, user);
            const tookMs = performance.now() - startMs;
            const seen = await cluster.look();
            const isRight = isUser(profile) && (await cluster.metric('kith_events')) === before;
            await killAll(cluster);
            return { tookMs, isRight: isRight && seen.shards[0].pid !== shard.pid };
          },
        },
        {
          name: 'own start',
          turn: async (): Promise<Turn> => {
            const startMs = performance.now();
            const server = await startKith(context, alonePath, ['--shards', '1']);
            const profile = await whenServed(server.url, server.key, user);
            const tookMs = performance.now() - startMs;
            process.kill(server.process.pid, 'SIGKILL');
            await server.process.ended;
            return { tookMs, isRight: isUser(profile) };
          },
        },
      ],
      context.runs,
      context.progress,
    );
    const ours = turns.get('failover')!;
    const theirs = turns.get('own start')!;
    context.report({
      case: `1 of ${SHARD_COUNT} shards, events behind the checkpoint`,
      ours: { ...figuresOf(ours), eventsBehind: tail.totalCount / SHARD_COUNT },
      peer: { name: 'own start', ...figuresOf(theirs) },
      ratio: medianBy(theirs, ({ tookMs }) => tookMs) / medianBy(ours, ({ tookMs }) => tookMs),
      agree: tail.faults.length === 0 && [...ours, ...theirs].every(({ isRight }) => isRight),
      checksum,
      note: faultNote(tail.faults),
    });
  },
};

async function userOfFirstShard(cluster: KithCluster, profiles: number): Promise<number> {
  const [{ slotRanges }] = (await cluster.view()).shards;
  for (let user = 0; user < profiles; user++) {
    const slot = slotOf(userIdText(user));
    if (slotRanges.some(([from, to]) => slot >= from && slot <= to)) return user;
  }
  throw new BenchError('nobody is on the first shard');
}

/** Asks until the answer is a profile; what is refused or fails until then is what is measured. */
async function whenServed(url: string, key: string, user: number): Promise<ServedProfile> {
  const headers = { authorization: `Bearer ${key}` };
  const endMs = performance.now() + GIVE_UP_MS;
  while (performance.now() < endMs) {
    try {
      const response = await fetch(`${url}/v1/profiles/${userIdText(user)}`, { headers });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as ServedProfile;
      if (response.status !== 503) throw new BenchError(`a lookup was answered with ${response.status}: ${text}`);
    } catch (error) {
      // Without a connection yet: that is a part of the time.
      if (error instanceof BenchError) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new BenchError(`not served again after ${GIVE_UP_MS} ms`);
}

/** The supervisor first, so that nobody is started again, and then all others before they close in order. */
async function killAll(cluster: KithCluster): Promise<void> {
  const { shards, routers } = await cluster.look();
  process.kill(cluster.process.pid, 'SIGKILL');
  for (const { pid } of [...shards, ...routers]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It was quicker.
    }
  }
  await cluster.process.ended;
  await whenGone([...shards, ...routers].map(({ pid }) => pid));
}

async function whenGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    for (;;) {
      try {
        process.kill(pid, 0);
      } catch {
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function figuresOf(turns: readonly Turn[]): Figures {
  const times = turns.map(({ tookMs }) => tookMs);
  return {
    medianMs: medianBy(turns, ({ tookMs }) => tookMs),
    minMs: Math.min(...times),
    maxMs: Math.max(...times),
  };
}
