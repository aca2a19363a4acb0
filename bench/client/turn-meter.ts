/**
 * Counts what a client gets done in one turn: load first for `warmMs`, which is not counted, then for `turnMs`, which is;
 * longer when nothing was answered by then, so that the figures of a turn are never empty. Latency is from sending to answer, per operation. The client's processor time is that of the counted part.
 */
import { percentileOf } from '../harness.ts';
import type { ClientTurn } from '../load-turn.ts';

const FAULTS_KEPT = 10;

export class TurnMeter {
  readonly #warmMs: number;
  #turnMs: number;
  #latencies = new Float64Array(1 << 16);
  #latencyCount = 0;
  #startMs = 0;
  #count = 0;
  #totalCount = 0;
  #faults: string[] = [];
  #cpuStart: NodeJS.CpuUsage | undefined;
  #cpuSeconds = Number.NaN;
  readonly #bucketMs: number | undefined;
  readonly #buckets: number[] = [];
  #startedAtMs = 0;

  /** Without `turnMs` the turn lasts until `end`. `bucketMs`: also how much was done in each such piece of the time from the start. */
  constructor(options: {
    readonly warmMs: number;
    readonly turnMs: number | undefined;
    readonly bucketMs?: number | undefined;
  }) {
    this.#warmMs = options.warmMs;
    this.#turnMs = options.turnMs ?? Number.POSITIVE_INFINITY;
    this.#bucketMs = options.bucketMs;
  }

  start(): void {
    this.#startMs = performance.now();
    this.#startedAtMs = Date.now();
  }

  /** Of a turn without a length: what is under way still counts for the total. */
  end(): void {
    this.#turnMs = Math.max(1, performance.now() - this.#startMs - this.#warmMs);
  }

  isOver(nowMs: number): boolean {
    return this.#count > 0 && nowMs - this.#startMs >= this.#warmMs + this.#turnMs;
  }

  /** One operation of `units` was answered. */
  record(sentAtMs: number, nowMs: number, units: number): void {
    this.#totalCount += units;
    if (this.#bucketMs !== undefined) {
      const bucket = Math.floor((nowMs - this.#startMs) / this.#bucketMs);
      while (this.#buckets.length <= bucket) this.#buckets.push(0);
      this.#buckets[bucket] += units;
    }
    const atMs = nowMs - this.#startMs - this.#warmMs;
    if (atMs < 0) return;
    this.#cpuStart ??= process.cpuUsage();
    if (atMs >= this.#turnMs && this.#count === 0) this.#turnMs = atMs;
    else if (atMs >= this.#turnMs) {
      if (Number.isNaN(this.#cpuSeconds)) this.#cpuSeconds = secondsOf(process.cpuUsage(this.#cpuStart));
      return;
    }
    this.#count += units;
    if (this.#latencyCount === this.#latencies.length) {
      const larger = new Float64Array(this.#latencies.length * 2);
      larger.set(this.#latencies);
      this.#latencies = larger;
    }
    this.#latencies[this.#latencyCount++] = nowMs - sentAtMs;
  }

  fault(text: string): void {
    if (this.#faults.length < FAULTS_KEPT) this.#faults.push(text);
  }

  /** `payloadBytes` of all answers, from start to end. */
  turn(payloadBytes?: number): ClientTurn {
    const sorted = this.#latencies.subarray(0, this.#latencyCount).sort();
    const cpuSeconds = Number.isNaN(this.#cpuSeconds) ? secondsOf(process.cpuUsage(this.#cpuStart)) : this.#cpuSeconds;
    return {
      perSecond: (this.#count / this.#turnMs) * 1_000,
      p50Ms: percentileOf(sorted, 50),
      p99Ms: percentileOf(sorted, 99),
      clientCpu: cpuSeconds / this.#count,
      totalCount: this.#totalCount,
      answerBytes: payloadBytes === undefined ? undefined : payloadBytes / this.#totalCount,
      faults: this.#faults,
      ...(this.#bucketMs === undefined
        ? {}
        : { timeline: { startedAtMs: this.#startedAtMs, bucketMs: this.#bucketMs, counts: this.#buckets } }),
    };
  }
}

function secondsOf(usage: NodeJS.CpuUsage): number {
  return (usage.user + usage.system) / 1e6;
}
