/**
 * What does it cost to gather an answer from other processes? Q1, a count by one attribute, of four shards in processes of their own, against
 * four shards in one process; asked in turns over HTTP, one question at a time.
 *
 * `addedMs` is the median time of the cluster less that of the embedded engine as the caller sees it; `addedServerMs` the same of `tookMs` in the answers.
 *
 * Not pinned, either side: there is one question at a time, and who asked it sleeps until the answer is there. Held to one processor, the shards
 * would answer one after another, which is not what is asked here.
 *
 * agree: every answer of both sides is the same count. ratio: embedded / cluster.
 */
import type { QueryLoadAnswer, QueryLoadConfig } from '../client/query-load.ts';
import { checksumOf } from '../data/checksum.ts';
import { type Bench, medianBy, medianOf } from '../harness.ts';
import { runProgram } from '../process/child.ts';
import { NOT_PINNED, type Pins } from '../process/pin.ts';
import { startSides } from './cluster-sides.ts';

const SHARD_COUNT = 4;
const SMOKE_SHARD_COUNT = 2;
const ASKED_PER_TURN = 400;
/** Six processes have code to compile, each its own. */
const WARM_PER_TURN = 1_000;
const SMOKE_ASKED = 20;
const Q1 = { trait: 'country', op: 'eq', value: 'DE' } as const;

interface Turn {
  readonly callerMs: readonly number[];
  readonly serverMs: readonly number[];
  readonly clusterMicros: number;
}

export const clusterQuery: Bench = {
  name: 'cluster-query',
  title: 'latency that gathering from four shard processes adds to Q1, against four shards in one',
  async run(context) {
    const isSmoke = context.size.name === 'smoke';
    const pins: Pins = { ...NOT_PINNED, text: 'not pinned: one question at a time' };
    const shards = isSmoke ? SMOKE_SHARD_COUNT : SHARD_COUNT;
    const sides = await startSides({ ...context, pins }, shards);
    const servers = [sides.cluster, sides.embedded].map(({ port, key }) => ({ port, key }));
    const config: QueryLoadConfig = {
      servers,
      ask: { where: Q1, as: 'count' },
      warmCount: isSmoke ? 2 : WARM_PER_TURN,
      count: isSmoke ? SMOKE_ASKED : ASKED_PER_TURN,
    };
    const counts = new Set<number>();
    const turns: Turn[] = [];
    let embeddedSeconds = 0;
    for (let run = 0; run < context.runs; run++) {
      context.progress(`run ${run + 1} of ${context.runs}`);
      const before = [sides.cluster.cpuSeconds, sides.embedded.process.cpuSeconds];
      const told = await runProgram<QueryLoadAnswer>('client/query-load.js', config, { cpus: pins.client });
      const asked = config.count + config.warmCount;
      embeddedSeconds += (sides.embedded.process.cpuSeconds - before[1]) / asked;
      for (const server of told.servers) for (const count of server.counts) counts.add(count);
      turns.push({
        callerMs: told.servers.map(({ callerMs }) => medianOf(callerMs)),
        serverMs: told.servers.map(({ serverMs }) => medianOf(serverMs)),
        clusterMicros: ((sides.cluster.cpuSeconds - before[0]) / asked) * 1e6,
      });
    }
    const callerMs = (side: number): number => medianBy(turns, (turn) => turn.callerMs[side]);
    const serverMs = (side: number): number => medianBy(turns, (turn) => turn.serverMs[side]);
    const added = turns.map((turn) => turn.callerMs[0] - turn.callerMs[1]);
    context.report({
      case: `Q1, ${shards} shards`,
      ours: {
        p50Ms: callerMs(0),
        addedMs: medianOf(added),
        minAddedMs: Math.min(...added),
        maxAddedMs: Math.max(...added),
        addedServerMs: medianBy(turns, (turn) => turn.serverMs[0] - turn.serverMs[1]),
        serverP50Ms: serverMs(0),
        serverMicros: medianBy(turns, ({ clusterMicros }) => clusterMicros),
      },
      peer: {
        name: `embedded, ${shards} shards`,
        p50Ms: callerMs(1),
        serverP50Ms: serverMs(1),
        serverMicros: (embeddedSeconds / context.runs) * 1e6,
      },
      ratio: callerMs(1) / callerMs(0),
      agree: sides.isSame && counts.size === 1,
      pinned: pins.text,
      checksum: checksumOf(`${sides.checksum} ${[...counts].join(' ')}`),
    });
    await sides.stop();
  },
};
