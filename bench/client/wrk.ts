/** One turn of wrk: as many lookups as 32 keep-alive connections get answered. */
import { join } from 'node:path';
import type { ClientTurn } from '../load-turn.ts';
import { BenchError } from '../process/bench-error.ts';
import { runCommand } from '../process/child.ts';
import { root } from '../process/root.ts';

export interface HttpLoadOptions {
  readonly port: number;
  readonly key: string;
  readonly drawsPath: string;
  /** Where in the draws to begin. */
  readonly drawIndex: number;
  readonly connectionCount: number;
  readonly turnMs: number;
  readonly cpus: string | undefined;
}

interface WrkSummary {
  readonly requests: number;
  readonly durationUs: number;
  readonly bytes: number;
  readonly faults: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export async function runWrk(options: HttpLoadOptions): Promise<ClientTurn> {
  const { port, key, drawsPath, drawIndex, connectionCount, turnMs, cpus } = options;
  // wrk knows whole seconds only.
  const seconds = Math.max(1, Math.round(turnMs / 1_000));
  const script = join(root, 'bench/client/lookup.lua');
  const load = ['-t1', `-c${connectionCount}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}`];
  const { lines, cpuSeconds } = await runCommand('wrk', [...load, '--', drawsPath, String(drawIndex), key], { cpus });
  const summary = lines.find((line) => line.startsWith('{'));
  if (summary === undefined) throw new BenchError(`wrk said nothing of use:\n${lines.join('\n')}`);
  const { requests, durationUs, bytes, faults, p50Us, p99Us } = JSON.parse(summary) as WrkSummary;
  return {
    perSecond: requests / (durationUs / 1e6),
    p50Ms: p50Us / 1_000,
    p99Ms: p99Us / 1_000,
    clientCpu: cpuSeconds / requests,
    totalCount: requests,
    answerBytes: bytes / requests,
    faults: faults === 0 ? [] : [`${faults} requests failed`],
  };
}
