/**
 * Program: people who come under a visitor's id first and under their user id later, a hundred items a frame. `visit` sends the first event of each
 * pair, `login` the one that names both, which makes one profile of two. In every pair the two keys have their slots in different halves, so
 * with two shards each login links over shards; `same` keeps both in one half, for comparison.
 */
import { Packr, unpack } from 'msgpackr';
import { slotOf } from '../../src/client/cluster-map.ts';
import { DEFAULT_END_MS } from '../../src/generator/population.ts';
import { SLOT_COUNT } from '../../src/model/limits.ts';
import { clientFrame } from '../data/client-frame.ts';
import { BenchError } from '../process/bench-error.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { openWebSocket, type StreamAddress } from './web-socket.ts';

export interface LinkLoadConfig {
  readonly address: StreamAddress;
  readonly phase: 'visit' | 'login';
  readonly halves: 'across' | 'same';
  readonly pairs: number;
  /** No two turns against one server have the same. */
  readonly lane: number;
}

export interface LinkLoadAnswer {
  readonly items: number;
  readonly tookMs: number;
  /** Processor seconds of the client per item. */
  readonly clientCpu: number;
}

interface Ack {
  readonly ack?: number;
  readonly accepted?: number;
}

const ITEMS_PER_FRAME = 100;
const FRAMES_IN_FLIGHT = 4;

const { address, phase, halves, pairs, lane } = readConfig<LinkLoadConfig>();
const packr = new Packr({ useRecords: false, variableMapSize: true });

function isLow(key: string): boolean {
  return slotOf(key) < SLOT_COUNT / 2;
}

/** The nth user and a visitor in the wanted half. */
function itemsOf(pair: number): readonly object[] {
  const userId = `login-${lane}-${pair}`;
  let anonymousId = '';
  for (let attempt = 0; ; attempt++) {
    anonymousId = `visitor-${lane}-${pair}-${attempt}`;
    if ((isLow(userId) !== isLow(`anonymous_id:${anonymousId}`)) === (halves === 'across')) break;
  }
  const event = { type: 'track', event: 'Page Viewed', properties: { path: '/' }, timestamp: DEFAULT_END_MS + pair };
  const messageId = `${lane}-${pair}`;
  if (phase === 'login') return [{ ...event, userId, anonymousId, messageId: `${messageId}-login` }];
  // Each side is somebody before the login.
  return [
    { ...event, anonymousId, messageId: `${messageId}-visitor` },
    { ...event, userId, messageId: `${messageId}-user` },
  ];
}

const frames: { readonly bytes: Buffer; readonly count: number }[] = [];
let batch: object[] = [];
for (let pair = 0; pair < pairs; pair++) {
  batch.push(...itemsOf(pair));
  if (batch.length < ITEMS_PER_FRAME && pair + 1 < pairs) continue;
  const payload = packr.pack({ op: 'batch', ref: frames.length, ack: 'durable', batch });
  frames.push({ bytes: clientFrame(payload, true), count: batch.length });
  batch = [];
}
const items = frames.reduce((sum, { count }) => sum + count, 0);
let next = 0;
let done = 0;
let startMs = 0;
let cpuStart = process.cpuUsage();
await new Promise<void>((resolve, reject) => {
  void (async () => {
    const { socket } = await openWebSocket({
      address,
      keepsPayload: true,
      onFrame: (_opcode, payload) => {
        const ack = unpack(payload) as Ack;
        const frame = frames[ack.ack ?? -1];
        if (frame === undefined || ack.accepted !== frame.count) {
          reject(new BenchError(`refused: ${JSON.stringify(ack).slice(0, 500)}`));
          return;
        }
        done += 1;
        if (done === frames.length) resolve();
        else send();
      },
      onEnd: (reason) => reject(new BenchError(reason)),
    });
    const send = (): void => {
      if (next === frames.length) return;
      socket.write(frames[next++].bytes);
    };
    startMs = performance.now();
    cpuStart = process.cpuUsage();
    for (let index = 0; index < FRAMES_IN_FLIGHT; index++) send();
  })().catch(reject);
});
const { user, system } = process.cpuUsage(cpuStart);
const told: LinkLoadAnswer = { items, tookMs: performance.now() - startMs, clientCpu: (user + system) / 1e6 / items };
answer(told);
endProgram();
