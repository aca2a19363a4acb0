/** Event frames over WebSockets at a fixed rate, whatever the acks do; a frame that finds none free waits for one. */
import { unpack } from 'msgpackr';
import { type EventBatch, EventStamp, encodeFrame, generateBatches } from '../data/event-frame.ts';
import type { RawSocket } from './raw-socket.ts';
import { openWebSocket, type StreamAddress } from './web-socket.ts';

export interface PacedIngestOptions {
  readonly address: StreamAddress;
  readonly batchSize: number;
  readonly connectionCount: number;
  readonly batchesInFlight: number;
  readonly profiles: number;
  readonly lane: number;
  readonly onFault: (text: string) => void;
}

interface Slot {
  readonly batch: EventBatch;
  readonly socket: RawSocket;
}

export class PacedIngest {
  readonly #options: PacedIngestOptions;
  readonly #stamp: EventStamp;
  readonly #idle: Slot[] = [];
  readonly #sockets: RawSocket[] = [];
  #isClosed = false;
  #due = 0;
  #underWay = 0;
  acknowledged = 0;

  private constructor(options: PacedIngestOptions) {
    this.#options = options;
    this.#stamp = new EventStamp(options.lane, options.profiles);
  }

  static async open(options: PacedIngestOptions): Promise<PacedIngest> {
    const client = new PacedIngest(options);
    const { connectionCount, batchesInFlight, batchSize } = options;
    const generated = generateBatches(connectionCount * batchesInFlight, batchSize);
    for (let connection = 0; connection < connectionCount; connection++) {
      await client.#connect(generated.slice(connection * batchesInFlight, (connection + 1) * batchesInFlight));
    }
    return client;
  }

  get pending(): number {
    return this.#due + this.#underWay;
  }

  /** A frame is meant to leave now. */
  send(): void {
    this.#due += 1;
    this.#sendDue();
  }

  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #connect(generated: ReturnType<typeof generateBatches>): Promise<void> {
    const { address, batchSize, onFault } = this.#options;
    const { socket } = await openWebSocket({
      address,
      keepsPayload: true,
      onFrame: (_opcode, payload) => {
        const { ack, accepted } = unpack(payload) as { readonly ack?: number; readonly accepted?: number };
        if (accepted !== batchSize || ack === undefined) onFault(`refused: ${JSON.stringify(unpack(payload))}`);
        this.#underWay -= 1;
        this.acknowledged += accepted ?? 0;
        this.#idle.push(slots[ack ?? 0]);
        this.#sendDue();
      },
      onEnd: (reason) => {
        if (!this.#isClosed) onFault(reason);
      },
    });
    const slots = generated.map((items, ref): Slot => ({ batch: encodeFrame(items, ref, 'durable'), socket }));
    this.#sockets.push(socket);
    this.#idle.push(...slots);
  }

  #sendDue(): void {
    while (this.#due > 0 && this.#idle.length > 0) {
      const { batch, socket } = this.#idle.shift()!;
      this.#due -= 1;
      this.#underWay += 1;
      this.#stamp.stamp(batch);
      socket.write(batch.bytes);
    }
  }
}
