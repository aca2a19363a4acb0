/** The same events into a Redis stream: XADD commands, a batch in one write, replies counted. */
import { EventStamp, encodeXadd, generateBatches } from '../data/event-frame.ts';
import type { ClientTurn } from '../load-turn.ts';
import { BatchLane } from './batch-lane.ts';
import { connectRaw } from './raw-socket.ts';
import { ReplyCounter } from './reply-counter.ts';
import { TurnMeter } from './turn-meter.ts';

export interface XaddLoadConfig {
  readonly kind: 'xadd';
  readonly port: number;
  readonly stream: string;
  readonly batchSize: number;
  readonly connectionCount: number;
  readonly batchesInFlight: number;
  readonly profiles: number;
  readonly lane: number;
  readonly warmMs: number;
  readonly turnMs: number;
}

export async function runXaddLoad(config: XaddLoadConfig): Promise<ClientTurn> {
  const { connectionCount, batchesInFlight, batchSize } = config;
  const generated = generateBatches(connectionCount * batchesInFlight, batchSize);
  const meter = new TurnMeter(config);
  const stamp = new EventStamp(config.lane, config.profiles);
  let openCount = connectionCount;
  let finished = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    finished = resolve;
  });

  const lanes = await Promise.all(
    Array.from({ length: connectionCount }, async (_, connection) => {
      const items = generated.slice(connection * batchesInFlight, (connection + 1) * batchesInFlight);
      // Replies come in the order of the commands, and batches are sent in a fixed order.
      let replies = 0;
      let batch = 0;
      const counter = new ReplyCounter((error) => {
        meter.fault(error);
        lane.end();
      });
      const onRead = (buffer: Buffer, size: number): void => {
        replies += counter.push(buffer, size);
        while (replies >= batchSize && !lane.isEnded) {
          replies -= batchSize;
          const acknowledged = batch;
          batch = (batch + 1) % batchesInFlight;
          lane.acknowledged(acknowledged);
        }
      };
      const socket = await connectRaw(config.port, onRead, () => {
        if (!lane.isEnded) meter.fault('the connection ended');
        lane.end();
      });
      const lane = new BatchLane({
        batches: items.map((batchItems) => encodeXadd(batchItems, config.stream)),
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
  for (const { lane } of lanes) lane.start();
  await end;
  for (const { socket } of lanes) socket.destroy();
  return meter.turn();
}
