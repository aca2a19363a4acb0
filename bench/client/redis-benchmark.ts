/** One turn of `redis-benchmark`: GET of keys drawn uniformly by it. It takes a number of requests, not a time. */
import type { ClientTurn } from '../load-turn.ts';
import { BenchError } from '../process/bench-error.ts';
import { runCommand } from '../process/child.ts';

export interface RedisBenchmarkOptions {
  readonly port: number;
  readonly keyCount: number;
  readonly connectionCount: number;
  /** Commands that one connection sends at once. */
  readonly pipeline: number;
  readonly requestCount: number;
  readonly cpus: string | undefined;
}

/** What `__rand_int__` in a command becomes: twelve digits. */
export function redisKey(userIndex: number): string {
  return `user-${String(userIndex).padStart(12, '0')}`;
}

export async function runRedisBenchmark(options: RedisBenchmarkOptions): Promise<ClientTurn> {
  const { port, keyCount, connectionCount, pipeline, requestCount, cpus } = options;
  const numbers = [
    ['-h', '127.0.0.1'],
    ['-p', port],
    ['-c', connectionCount],
    ['-n', requestCount],
    ['-r', keyCount],
    ['-P', pipeline],
  ];
  const args = [...numbers.flat().map(String), '--csv', 'GET', 'user-__rand_int__'];
  const { lines, cpuSeconds } = await runCommand('redis-benchmark', args, { cpus });
  const header = columnsOf(lines.find((line) => line.startsWith('"test"')));
  const values = columnsOf(lines.find((line) => line.startsWith('"GET')));
  const figure = (name: string): number => Number(values[header.indexOf(name)]);
  const perSecond = figure('rps');
  if (!(perSecond > 0)) throw new BenchError(`redis-benchmark answered something new:\n${lines.join('\n')}`);
  return {
    perSecond,
    p50Ms: figure('p50_latency_ms'),
    p99Ms: figure('p99_latency_ms'),
    clientCpu: cpuSeconds / requestCount,
    totalCount: requestCount,
    faults: [],
  };
}

function columnsOf(line: string | undefined): string[] {
  return (line ?? '').split(',').map((column) => column.replaceAll('"', ''));
}
