/**
 * What funnels and sequences cost on one shard: 1 M profiles and 14 M events unless told otherwise; the parts one by one on one thread,
 * beside a loop written for this one question, then whole questions on the thread and on workers. Needs a build (`npm run build`), then:
 * `npx esbuild bench/micro/query/funnel.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/micro-funnel.js`
 * and `node dist/micro-funnel.js [profiles] [events] [runs]`.
 */
import type { FunnelRequest } from '../../../src/model/analysis.ts';
import type { Expression } from '../../../src/model/expression.ts';
import { buildRuns } from '../../../src/query/execution/build-runs.ts';
import { captureColumn } from '../../../src/query/execution/column-image.ts';
import { captureFunnel } from '../../../src/query/execution/funnel.ts';
import { funnelBody } from '../../../src/query/execution/funnel-body.ts';
import { type Scan, scanSteps } from '../../../src/query/execution/scan.ts';
import { ShardQuery } from '../../../src/query/execution/shard-query.ts';
import type { EventRuns } from '../../../src/query/index/event-runs.ts';
import { WorkerPool } from '../../../src/runtime/worker-pool.ts';
import { NOW_MS, populateHistory } from './history.ts';

const [profileCount, eventCount, runCount] = [1_000_000, 14_000_000, 7].map((usual, i) =>
  Number(process.argv[i + 2] ?? usual),
);
const DAY_MS = 86_400_000;
/** Processor time of all threads: what others do on the machine does not show in it. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
const steps = [{ event: 'Product Viewed' }, { event: 'Product Added' }, { event: 'Order Completed' }];
const FUNNELS: Readonly<Record<string, FunnelRequest>> = {
  'funnel in 1 d': { steps, within: '1d' },
  'funnel in 30 d': { steps, within: '30d' },
  'funnel in 1 d, window of 14 d': { steps, within: '1d', window: { last: '14d' } },
  'funnel with without': { steps: [steps[0], steps[1], { ...steps[2], without: steps[0] }], within: '30d' },
};
const SEQUENCES: Readonly<Record<string, Expression>> = {
  'sequence in 1 d': { sequence: [steps[0], { ...steps[1], within: '1d' }, { ...steps[2], within: '1d' }] },
  'viewed, then no order': { sequence: [steps[0], { ...steps[0], without: steps[2], within: '7d' }] },
  'first view, then order': {
    sequence: [
      { ...steps[0], nth: 'first' },
      { ...steps[2], within: '7d' },
    ],
  },
};

const data = populateHistory(profileCount, eventCount);

function runHere<T>(work: Generator<Scan, T, unknown>): { result: T; timesMs: number[] } {
  const timesMs: number[] = [];
  let step = work.next();
  while (step.done !== true) {
    const startedMs = cpuMs();
    const pieces = scanSteps({ scan: step.value, slabs: data.memory.slabs, share: { index: 0, count: 1 } });
    while (pieces.next().done !== true);
    timesMs.push(cpuMs() - startedMs);
    step = work.next();
  }
  return { result: step.value, timesMs };
}

/** The same funnel, written by hand for three tables: three cursors, the earliest first. */
function plainFunnel([views, adds, orders]: readonly EventRuns[], withinMs: number): number[] {
  const counts = [0, 0, 0];
  for (let row = 0; row < profileCount; row++) {
    let v = views.offsets[row];
    let a = adds.offsets[row];
    let o = orders.offsets[row];
    const vEnd = views.offsets[row + 1];
    const aEnd = adds.offsets[row + 1];
    const oEnd = orders.offsets[row + 1];
    let first = -Infinity;
    let second = -Infinity;
    let depth = 0;
    while (v < vEnd || a < aEnd || o < oEnd) {
      const vMs = v < vEnd ? views.timesMs[v] : Infinity;
      const aMs = a < aEnd ? adds.timesMs[a] : Infinity;
      const oMs = o < oEnd ? orders.timesMs[o] : Infinity;
      if (vMs <= aMs && vMs <= oMs) {
        first = vMs;
        if (depth === 0) depth = 1;
        v += 1;
      } else if (aMs <= oMs) {
        if (aMs - first <= withinMs) {
          second = first;
          if (depth < 2) depth = 2;
        }
        a += 1;
      } else {
        if (oMs - second <= withinMs) {
          depth = 3;
          break;
        }
        o += 1;
      }
    }
    for (let d = 0; d < depth; d++) counts[d] += 1;
  }
  return counts;
}

function least(times: readonly number[]): string {
  return Math.min(...times)
    .toFixed(1)
    .padStart(8);
}

async function timed(work: () => Promise<unknown> | unknown): Promise<{ firstMs: number; times: number[] }> {
  const times: number[] = [];
  for (let run = 0; run <= runCount; run++) {
    const startedMs = cpuMs();
    await work();
    times.push(cpuMs() - startedMs);
  }
  const [firstMs, ...others] = times;
  return { firstMs, times: others };
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
print(`${profileCount} profiles, ${eventCount} events; ms of processor time, least of ${runCount}`);
const built: EventRuns[] = [];
for (const table of data.tables) {
  const deals: number[] = [];
  const sorts: number[] = [];
  for (let run = 0; run < Math.min(3, runCount); run++) {
    const { result, timesMs } = runHere(
      buildRuns({
        rows: captureColumn(table.rows),
        times: captureColumn(table.times),
        firstEvent: 0,
        eventCount: table.eventCount,
        rowCount: profileCount,
        range: { fromMs: -Infinity, untilMs: Infinity },
        where: { kind: 'constant', value: true },
        members: undefined,
      }),
    );
    deals.push(timesMs[0]);
    sorts.push(timesMs[1]);
    built[data.tables.indexOf(table)] = result;
  }
  const perEvent = (ms: readonly number[]): string => ((Math.min(...ms) * 1e6) / table.eventCount).toFixed(1);
  print(
    `runs of ${table.name}: ${table.eventCount} events, dealt ${perEvent(deals)} + sorted ${perEvent(sorts)} ns an event`,
  );
}
const plain = await timed(() => plainFunnel(built, DAY_MS));
print(`a loop for this funnel alone: ${plainFunnel(built, DAY_MS).join(' → ')}; ms ${least(plain.times)}`);

const pool = new WorkerPool(2);
const ways = { thread: new ShardQuery(data, undefined), workers: new ShardQuery(data, pool) };
print(`${'question'.padEnd(32)} | thread: first, least, ns an event | workers: first, least`);
const everyone: Expression = { and: [] };
async function row(name: string, ask: (query: ShardQuery) => Promise<string>): Promise<void> {
  const cells: string[] = [];
  let answer = '';
  for (const [way, query] of Object.entries(ways)) {
    const { firstMs, times } = await timed(async () => {
      answer = await ask(query);
    });
    const perEvent = way === 'thread' ? ` ${((Math.min(...times) * 1e6) / eventCount).toFixed(2).padStart(6)}` : '';
    cells.push(`${firstMs.toFixed(1).padStart(8)} ${least(times)}${perEvent}`);
  }
  print(`${name.padEnd(32)} | ${cells.join(' | ')}   ${answer}`);
}
for (const [name, funnel] of Object.entries(FUNNELS)) {
  await row(name, async (query) => {
    const part = await query.run(everyone, { nowMs: NOW_MS }, (instant) => captureFunnel(instant, funnel));
    const { steps: bodies } = await funnelBody(funnel, [part], async () => undefined);
    return bodies.map(({ count }) => count).join(' → ');
  });
}
for (const [name, sequence] of Object.entries(SEQUENCES)) {
  await row(name, async (query) => String((await query.select(sequence, { nowMs: NOW_MS })).cardinality));
}
print(`runs kept: ${ways.thread.memoryBytes} bytes`);
await pool.close();
