/**
 * Program: one turn through the client that users have (`kith/client`): it routes to shards' own doors where there are any. Lookups:
 * as many `get` under way as `concurrency`; events: as many `send` of a hundred items.
 */
import { connect, type Item, type KithClient } from '../../src/client/connect.ts';
import { DEFAULT_END_MS } from '../../src/generator/population.ts';
import { mix } from '../../src/generator/random.ts';
import { userIdText } from '../../src/generator/text.ts';
import { readDraws } from '../data/draws.ts';
import { generateBatches } from '../data/event-frame.ts';
import type { ClientTurn } from '../load-turn.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { TurnMeter } from './turn-meter.ts';

export interface KithClientConfig {
  readonly what: 'lookups' | 'events';
  readonly url: string;
  readonly key: string;
  readonly routing: 'router' | 'direct';
  readonly concurrency: number;
  readonly drawsPath: string;
  readonly profiles: number;
  /** No two turns against one server have the same. */
  readonly lane: number;
  readonly warmMs: number;
  readonly turnMs: number;
}

const BATCH_SIZE = 100;
const LANE_STEP = 1_000_003;
/** A prime between the beginnings of two turns. */
const DRAWS_PER_TURN = 500_009;

const config = readConfig<KithClientConfig>();
const meter = new TurnMeter(config);
let isFailed = false;

function fail(text: string): void {
  meter.fault(text);
  isFailed = true;
}

async function lookups(kith: KithClient): Promise<void> {
  const draws = readDraws(config.drawsPath);
  let next = (config.lane * DRAWS_PER_TURN) % draws.length;
  const lane = async (): Promise<void> => {
    while (!isFailed && !meter.isOver(performance.now())) {
      const id = userIdText(draws[next]);
      next = (next + 1) % draws.length;
      const sentAtMs = performance.now();
      const profile = await kith.get(id);
      if (profile?.id !== id) fail(`asked for ${id}, got ${String(profile?.id)}`);
      meter.record(sentAtMs, performance.now(), 1);
    }
  };
  await Promise.all(Array.from({ length: config.concurrency }, lane));
}

async function events(kith: KithClient): Promise<void> {
  const batches = generateBatches(config.concurrency, BATCH_SIZE);
  let count = config.lane * LANE_STEP;
  const lane = async (_: unknown, index: number): Promise<void> => {
    const batch = batches[index % batches.length];
    while (!isFailed && !meter.isOver(performance.now())) {
      const items: Item[] = batch.map(({ messageId: _id, userId: _user, timestamp: _time, ...rest }) => {
        count += 1;
        const timestamp = DEFAULT_END_MS + count;
        return { ...rest, userId: userIdText(mix(count) % config.profiles), timestamp };
      });
      const sentAtMs = performance.now();
      const outcomes = await kith.send(items);
      const refused = outcomes.find(({ status }) => status !== 'accepted');
      if (refused !== undefined) fail(`refused: ${JSON.stringify(refused)}`);
      meter.record(sentAtMs, performance.now(), items.length);
    }
  };
  await Promise.all(Array.from({ length: config.concurrency }, lane));
}

const { url, key, routing } = config;
const kith = await connect({ url, key, routing, onWarning: ({ code, message }) => fail(`${code}: ${message}`) });
if (kith.stats().routing !== routing) fail(`asked for ${routing} routing, got ${kith.stats().routing}`);
meter.start();
await (config.what === 'lookups' ? lookups(kith) : events(kith));
const turn: ClientTurn = meter.turn();
if (kith.stats().retriedCount > 0) meter.fault('something was sent twice');
await kith.close();
answer(turn);
endProgram();
