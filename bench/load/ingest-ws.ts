/**
 * Events in, a hundred a frame over eight connections. Durable: every ack means synced to disk, against XADD of the same
 * fields into a Redis stream, with both of its promises (`appendfsync always` and `everysec`, which may lose a second);
 * with eight batches under way on each connection and with one.
 * Applied: visible in memory, against a socket that only decodes the same frames to objects and says how many there were.
 *
 * Checkpoints, and rewrites of the append-only file, happen between turns on both sides.
 *
 * agree: every batch was taken whole, and afterwards our count of events, and the stream's length, are exactly what was
 * acknowledged. checksum: of the batches as they are before ids, users and times are put in.
 */
import type { IngestLoadConfig } from '../client/ingest-load.ts';
import type { XaddLoadConfig } from '../client/xadd-load.ts';
import { checksumOf } from '../data/checksum.ts';
import { copyDataFolder } from '../data/data-folder.ts';
import { encodeFrame, generateBatches } from '../data/event-frame.ts';
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
import { type AppendSync, RedisServer } from '../peer/redis.ts';
import { type Child, runProgram, startProgram } from '../process/child.ts';
import { missingPeer } from '../process/program.ts';
import { makeFolder } from '../process/workspace.ts';

export const BATCH_SIZE = 100;
export const INGEST_CONNECTION_COUNT = 8;
/** Batches under way on one connection, ours and every peer alike; our server's credit allows 64. */
export const BATCHES_IN_FLIGHT = 8;
/** Eight keep a server busy whatever a sync costs; with one, every batch waits for the sync of the one before. */
const DEPTHS = [BATCHES_IN_FLIGHT, 1];
const STREAM = 'events';

export const ingestWs: Bench = {
  name: 'ingest-ws',
  title: 'events over WebSocket against Redis Streams (durable) and a bare decoder (applied)',
  async run(context) {
    const data = await copyDataFolder(context);
    const kith = await startKith(context, data.path);
    const ours = new CountedContender(context, kith);
    const checksum = checksumOf(Buffer.concat(generateBatches(8, BATCH_SIZE).map((b) => encodeFrame(b, 0, '').bytes)));
    for (const depth of DEPTHS) await durable(context, ours, checksum, depth);
    await applied(context, ours, checksum);
    await kith.process.stop();
  },
};

/** Our server as a contender that keeps the books: after every turn its count of events must be what it acknowledged. */
class CountedContender {
  readonly #context: BenchContext;
  readonly #kith: KithServer;
  #lane = 0;
  #lost = 0;

  constructor(context: BenchContext, kith: KithServer) {
    this.#context = context;
    this.#kith = kith;
  }

  /** Events acknowledged and not there, over all turns; negative when there are too many. */
  get lost(): number {
    return this.#lost;
  }

  /** To be made after the turns of the one before: its books begin here. */
  async contender(ack: 'durable' | 'applied', depth: number): Promise<LoadContender> {
    const { port, key, process: server } = this.#kith;
    let count = await this.#kith.metric('kith_events');
    return {
      name: 'kith',
      server,
      load: () => runClient(this.#context, ingestConfig(this.#context, { port, key }, ack, ++this.#lane, depth)),
      after: async ({ totalCount }) => {
        const before = count;
        count = await this.#kith.metric('kith_events');
        this.#lost += totalCount - (count - before);
        await this.#kith.checkpoint();
      },
    };
  }
}

async function durable(
  context: BenchContext,
  counted: CountedContender,
  checksum: string,
  depth: number,
): Promise<void> {
  const title = `durable, ${depth} under way`;
  const absent = missingPeer('redis-xadd', ['redis-server']);
  if (absent !== undefined) {
    const [ours] = await takeTurns(context, title, [await counted.contender('durable', depth)]);
    const agree = counted.lost === 0 && faultsOf(ours).length === 0;
    context.report({ case: title, ours: figuresOf(ours, 'Eps'), peer: absent, ratio: null, agree, checksum });
    return;
  }
  const syncs: readonly AppendSync[] = ['always', 'everysec'];
  const streams = await Promise.all(syncs.map((sync) => StreamContender.start(context, sync, depth)));
  const [ours, ...theirs] = await takeTurns(context, title, [
    await counted.contender('durable', depth),
    ...streams.map((stream) => stream.contender()),
  ]);
  for (const [index, sync] of syncs.entries()) {
    const faults = [...faultsOf(ours), ...faultsOf(theirs[index])];
    context.report({
      case: `${title}, appendfsync ${sync}`,
      ours: figuresOf(ours, 'Eps'),
      peer: { name: `redis-xadd ${sync}`, ...figuresOf(theirs[index], 'Eps') },
      ratio: rateOf(ours) / rateOf(theirs[index]),
      agree: counted.lost === 0 && streams[index].lost === 0 && faults.length === 0,
      checksum,
      note: faultNote(faults) ?? bookNote(counted.lost, streams[index].lost),
    });
    await streams[index].process.stop();
  }
}

async function applied(context: BenchContext, counted: CountedContender, checksum: string): Promise<void> {
  const bare = startProgram('peer/bare-socket.js', {}, { cpus: context.pins.server });
  const { port } = JSON.parse(await bare.line((line) => line.startsWith('{'))) as { port: number };
  const [ours, theirs] = await takeTurns(context, 'applied', [
    await counted.contender('applied', BATCHES_IN_FLIGHT),
    {
      name: 'uws-msgpackr',
      server: bare,
      load: (lane) =>
        runClient(context, ingestConfig(context, { port, key: 'none' }, 'applied', lane, BATCHES_IN_FLIGHT)),
    },
  ]);
  const faults = [...faultsOf(ours), ...faultsOf(theirs)];
  context.report({
    case: 'applied',
    ours: figuresOf(ours, 'Eps'),
    peer: { name: 'uws-msgpackr', ...figuresOf(theirs, 'Eps') },
    ratio: rateOf(ours) / rateOf(theirs),
    agree: counted.lost === 0 && faults.length === 0,
    checksum,
    note: faultNote(faults) ?? bookNote(counted.lost, 0),
  });
  await bare.stop();
}

/** A Redis stream that is emptied after every turn, so that each begins alike. */
class StreamContender {
  readonly #context: BenchContext;
  readonly #server: RedisServer;
  readonly #sync: AppendSync;
  readonly #depth: number;
  #lane = 0;
  lost = 0;

  private constructor(context: BenchContext, server: RedisServer, sync: AppendSync, depth: number) {
    this.#context = context;
    this.#server = server;
    this.#sync = sync;
    this.#depth = depth;
  }

  static async start(context: BenchContext, appendSync: AppendSync, depth: number): Promise<StreamContender> {
    const folder = makeFolder(`redis-${appendSync}`);
    const server = await RedisServer.start({ appendSync, folder, cpus: context.pins.server });
    return new StreamContender(context, server, appendSync, depth);
  }

  get process(): Child {
    return this.#server.process;
  }

  contender(): LoadContender {
    return {
      name: `redis-xadd ${this.#sync}`,
      server: this.process,
      load: () => {
        const { population, warmMs, turnMs } = this.#context.size;
        return runClient(this.#context, {
          kind: 'xadd',
          port: this.#server.port,
          stream: STREAM,
          batchSize: BATCH_SIZE,
          connectionCount: INGEST_CONNECTION_COUNT,
          batchesInFlight: this.#depth,
          profiles: population.profiles,
          lane: ++this.#lane,
          warmMs,
          turnMs,
        });
      },
      after: async ({ totalCount }) => {
        this.lost += totalCount - (await this.#server.askNumber('XLEN', STREAM));
        await this.#server.ask('DEL', STREAM);
        await this.#server.rewriteFile();
      },
    };
  }
}

export function ingestConfig(
  context: BenchContext,
  address: { readonly port: number; readonly key: string },
  ack: 'durable' | 'applied',
  lane: number,
  batchesInFlight: number,
): IngestLoadConfig {
  const { population, warmMs, turnMs } = context.size;
  return {
    kind: 'ingest',
    address: { port: address.port, key: address.key },
    ack,
    batchSize: BATCH_SIZE,
    connectionCount: INGEST_CONNECTION_COUNT,
    batchesInFlight,
    profiles: population.profiles,
    lane,
    warmMs,
    turnMs,
  };
}

export function runClient(context: BenchContext, config: IngestLoadConfig | XaddLoadConfig): Promise<ClientTurn> {
  return runProgram<ClientTurn>('client/socket-client.js', config, { cpus: context.pins.client });
}

function bookNote(oursLost: number, peerLost: number): string | undefined {
  if (oursLost === 0 && peerLost === 0) return undefined;
  return `acknowledged but not counted: ours ${oursLost}, peer ${peerLost}`;
}
