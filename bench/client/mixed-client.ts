/**
 * Program: lookups at a fixed rate, with or without ingest at a fixed rate beside them. Both come from one event loop, which
 * spins: a second process on the client's processor would make lookups late on its own, and a timer knows only milliseconds.
 */
import { readDraws } from '../data/draws.ts';
import { percentileOf } from '../harness.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { PacedHttp } from './paced-http.ts';
import { PacedIngest } from './paced-ingest.ts';

export interface MixedConfig {
  readonly port: number;
  readonly key: string;
  readonly drawsPath: string;
  readonly turn: number;
  readonly profiles: number;
  readonly lookupsPerSecond: number;
  readonly lookupConnectionCount: number;
  /** 0 = none. */
  readonly batchesPerSecond: number;
  readonly batchSize: number;
  readonly ingestConnectionCount: number;
  readonly batchesInFlight: number;
  readonly lane: number;
  readonly warmMs: number;
  readonly turnMs: number;
}

export interface MixedTurn {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How late the client itself was to send: what it did, or what the machine took from it, is in the latencies above and no fault of the server's. */
  readonly lateP99Ms: number;
  readonly lookups: number;
  /** Acknowledged, from start to end. */
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly clientCpu: number;
  readonly faults: readonly string[];
}

const FAULTS_KEPT = 10;

const config = readConfig<MixedConfig>();
const { lookupsPerSecond, batchesPerSecond, warmMs, turnMs, port, key } = config;
const draws = readDraws(config.drawsPath);
const faults: string[] = [];
const onFault = (text: string): void => {
  if (faults.length < FAULTS_KEPT) faults.push(text);
};
const latencies: number[] = [];
const latenesses: number[] = [];
let draw = (config.turn * 500_009) % draws.length;
let countFromMs = Number.POSITIVE_INFINITY;

const http = await PacedHttp.open({
  port,
  key,
  connectionCount: config.lookupConnectionCount,
  nextUser: () => {
    draw = (draw + 1) % draws.length;
    return draws[draw];
  },
  onAnswer: (latencyMs, intendedMs) => {
    if (intendedMs >= countFromMs) latencies.push(latencyMs);
  },
  onFault,
});
const ingest =
  batchesPerSecond === 0
    ? undefined
    : await PacedIngest.open({
        address: { port, key },
        batchSize: config.batchSize,
        connectionCount: config.ingestConnectionCount,
        batchesInFlight: config.batchesInFlight,
        profiles: config.profiles,
        lane: config.lane,
        onFault,
      });

const nextTurnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const startMs = performance.now();
countFromMs = startMs + warmMs;
const endMs = countFromMs + turnMs;
const lookupGapMs = 1_000 / lookupsPerSecond;
const batchGapMs = 1_000 / batchesPerSecond;
let lookupAtMs = startMs;
let batchAtMs = startMs;
for (let nowMs = startMs; nowMs < endMs; nowMs = performance.now()) {
  for (; lookupAtMs <= nowMs; lookupAtMs += lookupGapMs) {
    if (lookupAtMs >= countFromMs) latenesses.push(performance.now() - lookupAtMs);
    http.request(lookupAtMs);
  }
  if (ingest !== undefined) for (; batchAtMs <= nowMs; batchAtMs += batchGapMs) ingest.send();
  await nextTurnOfLoop();
}
const { user, system } = process.cpuUsage();
const eventsPerSecond = (ingest?.acknowledged ?? 0) / ((performance.now() - startMs) / 1_000);
while (http.pending > 0 || (ingest?.pending ?? 0) > 0) {
  if (faults.length > 0 || performance.now() > endMs + 10_000) break;
  await nextTurnOfLoop();
}
http.close();
ingest?.close();
const sorted = Float64Array.from(latencies).sort();
const turn: MixedTurn = {
  p50Ms: percentileOf(sorted, 50),
  p99Ms: percentileOf(sorted, 99),
  maxMs: sorted.at(-1) ?? Number.NaN,
  lateP99Ms: percentileOf(Float64Array.from(latenesses).sort(), 99),
  lookups: sorted.length,
  events: ingest?.acknowledged ?? 0,
  eventsPerSecond,
  clientCpu: (user + system) / 1e6 / sorted.length,
  faults,
};
answer(turn);
endProgram();
