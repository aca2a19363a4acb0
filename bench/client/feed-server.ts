/** Program: sends a generated population to a server, over one stream so that items keep their order, and answers how many there were. */
import { Packr, unpack } from 'msgpackr';
import type { Population } from '../../src/generator/population.ts';
import { generateEventStream, generateIdentifyStream } from '../../src/generator/stream.ts';
import { clientFrame } from '../data/client-frame.ts';
import { BenchError } from '../process/bench-error.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { openWebSocket, type StreamAddress } from './web-socket.ts';

export interface FeedConfig {
  readonly address: StreamAddress;
  readonly population: Population;
}

export interface FeedAnswer {
  readonly items: number;
}

interface Ack {
  readonly accepted?: number;
  readonly rejected?: readonly unknown[];
}

const ITEMS_PER_FRAME = 500;
const FRAMES_IN_FLIGHT = 16;

const { address, population } = readConfig<FeedConfig>();
const packr = new Packr({ useRecords: false, variableMapSize: true });
let inFlight = 0;
let items = 0;
let acknowledged = 0;
let wake = (): void => undefined;

function fail(reason: string): never {
  throw new BenchError(`the server did not take the population: ${reason}`);
}

const { socket } = await openWebSocket({
  address,
  keepsPayload: true,
  onFrame: (_opcode, payload) => {
    const ack = unpack(payload) as Ack;
    if (ack.accepted === undefined || (ack.rejected?.length ?? 0) > 0) fail(JSON.stringify(ack).slice(0, 500));
    acknowledged += ack.accepted;
    inFlight -= 1;
    wake();
  },
  onEnd: fail,
});

async function whenBelow(count: number): Promise<void> {
  while (inFlight >= count) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

async function feed(stream: Iterable<unknown>): Promise<void> {
  let batch: unknown[] = [];
  const send = async (): Promise<void> => {
    await whenBelow(FRAMES_IN_FLIGHT);
    inFlight += 1;
    items += batch.length;
    socket.write(clientFrame(packr.pack({ op: 'import', ref: items, ack: 'durable', batch }), true));
    batch = [];
  };
  for (const item of stream) {
    batch.push(item);
    if (batch.length === ITEMS_PER_FRAME) await send();
  }
  if (batch.length > 0) await send();
}

await feed(generateIdentifyStream(population));
await feed(generateEventStream(population));
await whenBelow(1);
if (acknowledged !== items) fail(`${acknowledged} of ${items} items`);
const fed: FeedAnswer = { items };
answer(fed);
endProgram();
