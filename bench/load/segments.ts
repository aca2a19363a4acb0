/**
 * Questions about everyone (Q1–Q15 of the suite), nothing computed beforehand: our engine against DuckDB and ClickHouse, all in process,
 * each in a process of its own with as many threads, on the same generated population. The time is that of the count; ours has a thread
 * more that owns the shard and mostly waits.
 *
 * agree: the same count, and the same users (an order-free hash of their numbers); of the funnel the counts of its steps.
 * Contenders take turns; a turn repeats its question for some hundred milliseconds, and the figure is the median of all.
 */
import { checksumOf } from '../data/checksum.ts';
import { copyDataFolder } from '../data/data-folder.ts';
import { type Bench, type BenchContext, medianOf, percentileOf } from '../harness.ts';
import { duckDbFile } from '../peer/duckdb-file.ts';
import { type Child, startProgram } from '../process/child.ts';
import { makeFolder } from '../process/workspace.ts';
import type { Figures, MissingPeer } from '../result.ts';
import type { Ask, Told } from '../segments/asking.ts';
import { missingChdb } from '../segments/chdb-package.ts';
import type { ClickHouseContenderConfig } from '../segments/clickhouse-contender.ts';
import type { DuckDbContenderConfig } from '../segments/duckdb-contender.ts';
import type { KithContenderConfig } from '../segments/kith-contender.ts';
import { type SegmentQuestion, segmentQuestions } from '../segments/question.ts';

const THREADS = 2;
const TIMES_MAX = 200;
const TURN_BUDGET_MS = 400;

interface Side {
  readonly name: string;
  readonly process: Child;
}

export const segments: Bench = {
  name: 'segments',
  title: 'questions about everyone, Q1 to Q15, against DuckDB and ClickHouse in process',
  async run(context) {
    const { population } = context.size;
    const missing = missingChdb();
    const sides = context.hasPeers ? await startPeers(context, missing === undefined) : [];
    const data = await copyDataFolder(context);
    const config: KithContenderConfig = { path: data.path, threads: THREADS, population };
    const ours = await started('kith', 'segments/kith-contender.js', config);
    const questions = segmentQuestions(() => '').filter(({ name }) => context.cases?.includes(name) ?? true);
    for (const question of questions) await compare(context, question, ours, sides, missing);
    for (const side of [ours, ...sides]) await side.process.stop();
  },
};

async function startPeers(context: BenchContext, hasClickHouse: boolean): Promise<readonly Side[]> {
  const { population } = context.size;
  const path = await duckDbFile(context);
  const exportFolder = makeFolder('parquet');
  const duckConfig: DuckDbContenderConfig = { path, threads: THREADS, population, exportFolder };
  context.progress('duckdb sorts the events');
  const duckdb = await started('duckdb', 'segments/duckdb-contender.js', duckConfig);
  if (!hasClickHouse) return [duckdb];
  context.progress('clickhouse sorts the events');
  const storeFolder = makeFolder('clickhouse');
  const config: ClickHouseContenderConfig = { exportFolder, storeFolder, threads: THREADS, population };
  return [duckdb, await started('clickhouse', 'segments/clickhouse-contender.js', config)];
}

async function started(name: string, program: string, config: unknown): Promise<Side> {
  const process = startProgram(program, config);
  await process.line((line) => line.startsWith('{'));
  return { name, process };
}

async function ask({ process }: Side, name: string, isChecked: boolean): Promise<Told> {
  const text: Ask = { name, times: TIMES_MAX, budgetMs: TURN_BUDGET_MS, isChecked };
  return JSON.parse(await process.ask(JSON.stringify(text))) as Told;
}

async function compare(
  context: BenchContext,
  question: SegmentQuestion,
  ours: Side,
  peers: readonly Side[],
  missing: MissingPeer | undefined,
): Promise<void> {
  const { name, title } = question;
  const isAsked = (peer: string): boolean => (peer === 'duckdb' ? question.duckdb : question.clickhouse) !== undefined;
  const asked = peers.filter((peer) => isAsked(peer.name));
  const sides = [ours, ...asked];
  context.progress(`${name}: ${title}`);
  const first = new Map<Side, Told>();
  for (const side of sides) first.set(side, await ask(side, name, true));
  const times = new Map<Side, number[]>(sides.map((side) => [side, []]));
  for (let run = 0; run < context.runs; run++) {
    for (const side of sides) times.get(side)!.push(...(await ask(side, name, false)).tookMs);
  }
  const right = first.get(ours)!;
  const content = JSON.stringify([right.counts, right.idHash]);
  const ourFigures = { ...figuresOf(times.get(ours)!), count: right.counts.join(' → ') };
  for (const peer of asked) {
    const told = first.get(peer)!;
    context.report({
      case: `${name} ${title}`,
      ours: ourFigures,
      peer: { name: peer.name, ...figuresOf(times.get(peer)!) },
      ratio: medianOf(times.get(peer)!) / medianOf(times.get(ours)!),
      agree: JSON.stringify([told.counts, told.idHash]) === content,
      checksum: checksumOf(content),
    });
  }
  const absent = context.hasPeers ? missing : { name: 'none', missing: 'peers were left out' };
  if (absent !== undefined && (!context.hasPeers || question.clickhouse !== undefined)) {
    const checksum = checksumOf(content);
    context.report({ case: `${name} ${title}`, ours: ourFigures, peer: absent, ratio: null, agree: true, checksum });
  }
}

function figuresOf(tookMs: readonly number[]): Figures {
  const sorted = Float64Array.from(tookMs).sort();
  return { medianMs: medianOf(tookMs), minMs: sorted[0], p95Ms: percentileOf(sorted, 95) };
}
