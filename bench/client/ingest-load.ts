/** Streams track events over WebSockets as fast as they are acknowledged, and checks every ack: all accepted, none refused. */
import { unpack } from 'msgpackr';
import { EventStamp, encodeFrame, generateBatches } from '../data/event-frame.ts';
import type { ClientTurn } from '../load-turn.ts';
import { BatchLane } from './batch-lane.ts';
import { TurnMeter } from './turn-meter.ts';
import { openWebSocket, type StreamAddress } from './web-socket.ts';

export interface IngestLoadConfig {
  readonly kind: 'ingest';
  readonly address: StreamAddress;
  readonly ack: 'durable' | 'applied' | 'received';
  readonly batchSize: number;
  readonly connectionCount: number;
  readonly batchesInFlight: number;
  readonly profiles: number;
  /** No two turns against one server have the same. */
  readonly lane: number;
  readonly warmMs: number;
  readonly turnMs: number;
  /** Goes on until a line comes in on standard input, however long that takes. */
  readonly isOpenEnded?: boolean | undefined;
  /** Also how many events were acknowledged in each such piece of the time. */
  readonly bucketMs?: number | undefined;
}

interface Ack {
  readonly ack?: number;
  readonly accepted?: number;
  readonly duplicates?: number;
  readonly rejected?: readonly unknown[];
  readonly error?: unknown;
}

export async function runIngestLoad(config: IngestLoadConfig): Promise<ClientTurn> {
  const { connectionCount, batchesInFlight, batchSize } = config;
  const generated = generateBatches(connectionCount * batchesInFlight, batchSize);
  const meter = new TurnMeter({ ...config, turnMs: config.isOpenEnded ? undefined : config.turnMs });
  const stamp = new EventStamp(config.lane, config.profiles);
  let openCount = connectionCount;
  let finished = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    finished = resolve;
  });

  const lanes = await Promise.all(
    Array.from({ length: connectionCount }, async (_, connection) => {
      const items = generated.slice(connection * batchesInFlight, (connection + 1) * batchesInFlight);
      const { socket } = await openWebSocket({
        address: config.address,
        keepsPayload: true,
        onFrame: (_opcode, payload) => {
          const ack = unpack(payload) as Ack;
          const isWhole = ack.accepted === batchSize && !ack.duplicates && (ack.rejected?.length ?? 0) === 0;
          if (isWhole && ack.ack !== undefined) lane.acknowledged(ack.ack);
          else {
            meter.fault(`refused: ${JSON.stringify(ack)}`);
            lane.end();
          }
        },
        onEnd: (reason) => {
          if (!lane.isEnded) meter.fault(reason);
          lane.end();
        },
      });
      const lane = new BatchLane({
        batches: items.map((batch, ref) => encodeFrame(batch, ref, config.ack)),
        stamp,
        meter,
        write: (bytes) => socket.write(bytes),
        onEnd: () => {
          if (--openCount === 0) finished();
        },
      });
      return { lane, socket };
    }),
  );

  meter.start();
  if (config.isOpenEnded) process.stdin.once('data', () => meter.end());
  for (const { lane } of lanes) lane.start();
  await end;
  for (const { socket } of lanes) socket.destroy();
  return meter.turn();
}
