/**
 * Entry of `npm run bench -- NAME… [--size smoke|S|M|L] [--json] [--runs N]`. Every result is a line of JSON on standard
 * output as soon as it is known; for people a table and what goes on now on standard error, unless `--json`.
 */
import { parseArgs } from 'node:util';
import { BENCH_SIZES, type Bench, type BenchContext, type SizeName } from './harness.ts';
import { clusterDirect } from './load/cluster-direct.ts';
import { clusterLinks } from './load/cluster-links.ts';
import { clusterOverhead } from './load/cluster-overhead.ts';
import { clusterQuery } from './load/cluster-query.ts';
import { failover } from './load/failover.ts';
import { identity } from './load/identity.ts';
import { ingestWs } from './load/ingest-ws.ts';
import { linkage } from './load/linkage.ts';
import { lookupBatch } from './load/lookup-batch.ts';
import { lookupHttp } from './load/lookup-http.ts';
import { lookupUnderQuery } from './load/lookup-under-query.ts';
import { memory } from './load/memory.ts';
import { mixed } from './load/mixed.ts';
import { rebalance } from './load/rebalance.ts';
import { restart } from './load/restart.ts';
import { segments } from './load/segments.ts';
import { BenchError } from './process/bench-error.ts';
import { pinsOf } from './process/pin.ts';
import { lineOf, type ResultLine } from './result.ts';
import { tableOf } from './table.ts';

const BENCHES: readonly Bench[] = [
  lookupHttp,
  lookupBatch,
  ingestWs,
  identity,
  mixed,
  restart,
  memory,
  segments,
  lookupUnderQuery,
  linkage,
  clusterOverhead,
  clusterDirect,
  clusterQuery,
  clusterLinks,
  failover,
  rebalance,
];
const DEFAULT_RUNS = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: 'S' },
    json: { type: 'boolean', default: false },
    runs: { type: 'string' },
    'server-cpus': { type: 'string' },
    'client-cpus': { type: 'string' },
    'no-pin': { type: 'boolean', default: false },
    case: { type: 'string' },
    'no-peers': { type: 'boolean', default: false },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function usage(): string {
  const names = BENCHES.map(({ name, title }) => `  ${name.padEnd(18)}${title}`).join('\n');
  return `npm run bench -- NAME… [options]

${names}
  all           every one of them

  --size SIZE         smoke, S, M or L (default S)
  --runs N            turns of each contender, median is reported (default ${DEFAULT_RUNS}; smoke 1)
  --json              JSON lines only
  --case LIST         of a bench with many cases only these, such as Q7,Q13
  --server-cpus LIST  processors for servers and peers, as taskset takes them (default 0)
  --client-cpus LIST  processors for clients (default 1)
  --no-pin            leave processes to the scheduler
  --no-peers          segments: ours alone, for sizes that peers take too long to load
  --profile FOLDER    our server writes a processor profile there
`;
}

async function main(): Promise<void> {
  if (values.help || positionals.length === 0) {
    process.stderr.write(usage());
    if (!values.help) process.exitCode = 2;
    return;
  }
  const benches = positionals.includes('all') ? BENCHES : positionals.map(benchNamed);
  const size = BENCH_SIZES[values.size as SizeName];
  if (size === undefined)
    throw new BenchError(`no size ${values.size}; there are ${Object.keys(BENCH_SIZES).join(', ')}`);
  const runs = values.runs === undefined ? (size.name === 'smoke' ? 1 : DEFAULT_RUNS) : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new BenchError('--runs takes a whole number from 1');
  const pins = pinsOf({ isOff: values['no-pin'], server: values['server-cpus'], client: values['client-cpus'] });
  const lines: ResultLine[] = [];
  for (const bench of benches) {
    const context: BenchContext = {
      size,
      runs,
      pins,
      cases: values.case?.split(','),
      hasPeers: !values['no-peers'],
      profileFolder: values.profile,
      report: (result) => {
        const line = lineOf(bench.name, size.name, runs, pins.text, result);
        lines.push(line);
        process.stdout.write(`${JSON.stringify(line)}\n`);
      },
      progress: (text) => {
        if (!values.json) process.stderr.write(`${bench.name}: ${text}\n`);
      },
    };
    await bench.run(context);
  }
  if (!values.json) process.stderr.write(`\n${tableOf(lines)}\n`);
  if (lines.some((line) => !line.agree)) process.exitCode = 1;
}

function benchNamed(name: string): Bench {
  const bench = BENCHES.find((candidate) => candidate.name === name);
  if (bench === undefined) throw new BenchError(`no bench ${name}\n\n${usage()}`);
  return bench;
}

process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof BenchError ? error.message : (error as Error).stack}\n`);
    process.exit(1);
  },
);
