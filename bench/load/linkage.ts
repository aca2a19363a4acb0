/**
 * Probabilistic linking of Febrl-like records: filing by rules, comparing and scoring every pair, against the same recipe in DuckDB
 * (`bench/linkage/duckdb-recipe.ts`), both in memory with two threads. The rules are fixed ones that SQL can say. The ratio is of the time
 * from records in memory to scored pairs with given parameters: ours files the records and scores, DuckDB joins and scores.
 * What only ours does (choosing keys, learning parameters, grouping) is reported beside it.
 *
 * agree: the same number of pairs compared, and as many suggested with the same sum of weights, within a thousandth: DuckDB's
 * Damerau distance may edit between swapped letters, ours not.
 */

import { comparisonDataOf } from '../../src/linkage/comparison-data.ts';
import { type LinkageStage, linkRecords } from '../../src/linkage/link-records.ts';
import type { RequestedRule } from '../../src/linkage/linkage-options.ts';
import { type RecordTable, RecordTableBuilder } from '../../src/linkage/record-table.ts';
import { LINKAGE, WorkerPool } from '../../src/runtime/worker-pool.ts';
import { checksumOf } from '../data/checksum.ts';
import { alternate, type Bench, medianBy, type SizeName } from '../harness.ts';
import { DuckDbLinkage } from '../linkage/duckdb-linkage.ts';
import { FEBRL_FIELDS, FEBRL_SHAPE, people } from '../linkage/people.ts';

const THREADS = 2;
const SEED = 11;
const RECORD_COUNTS: Readonly<Record<SizeName, number>> = { smoke: 3_000, S: 100_000, M: 1_000_000, L: 1_000_000 };
const TOLERANCE = 1e-3;

const RULES: readonly RequestedRule[] = [
  [{ field: 'soc_sec_id', form: 'same' }],
  [{ field: 'date_of_birth', form: 'same' }],
  [
    { field: 'surname', form: 'same' },
    { field: 'date_of_birth', form: 'month' },
  ],
  [
    { field: 'given_name', form: 'same' },
    { field: 'date_of_birth', form: 'month' },
  ],
  [
    { field: 'surname', form: 'start' },
    { field: 'postcode', form: 'same' },
  ],
  [
    { field: 'given_name', form: 'start' },
    { field: 'suburb', form: 'start' },
  ],
  [
    { field: 'address_1', form: 'start' },
    { field: 'postcode', form: 'same' },
  ],
  [
    { field: 'address_1', form: 'start' },
    { field: 'surname', form: 'start' },
  ],
  [
    { field: 'given_name', form: 'same' },
    { field: 'surname', form: 'same' },
  ],
];

interface Turn {
  readonly totalMs: number;
  readonly comparedCount: number;
  readonly found: number;
  readonly weightSum: number;
  readonly learnMs: number;
  readonly groupMs: number;
  readonly prepareMs: number;
}

export const linkage: Bench = {
  name: 'linkage',
  title: 'probabilistic linking of Febrl-like records against the same recipe in DuckDB',
  async run(context) {
    const recordCount = RECORD_COUNTS[context.size.name];
    context.progress(`${recordCount} records`);
    const table = febrlLike(recordCount);
    const pool = new WorkerPool(THREADS, LINKAGE);
    const first = await linkRecords(table, { rules: RULES }, { runner: pool });
    const data = comparisonDataOf(table);
    const duckdb = await DuckDbLinkage.load(table, data, RULES, first.model, 0, THREADS);
    const turns = await alternate<Turn>(
      [
        { name: 'kith', turn: () => ourTurn(table, pool) },
        {
          name: 'duckdb',
          turn: async () => {
            const { tookMs, compared, found, weightSum } = await duckdb.run();
            return { totalMs: tookMs, comparedCount: compared, found, weightSum, learnMs: 0, groupMs: 0, prepareMs: 0 };
          },
        },
      ],
      context.runs,
      context.progress,
    );
    duckdb.close();
    await pool.close();
    const [ours, theirs] = [turns.get('kith')!, turns.get('duckdb')!];
    const [our, their] = [ours[0], theirs[0]];
    const isNear = (one: number, other: number): boolean =>
      Math.abs(one - other) <= TOLERANCE * Math.max(1, Math.abs(one));
    const pairsPerSecond = (side: readonly Turn[]): number =>
      medianBy(side, ({ comparedCount, totalMs }) => (comparedCount / totalMs) * 1_000);
    context.report({
      case: `${recordCount} records, filed and scored`,
      ours: {
        pairsPerSecond: pairsPerSecond(ours),
        totalMs: medianBy(ours, ({ totalMs }) => totalMs),
        comparedCount: our.comparedCount,
        suggestedCount: our.found,
        prepareMs: medianBy(ours, ({ prepareMs }) => prepareMs),
        learnMs: medianBy(ours, ({ learnMs }) => learnMs),
        groupMs: medianBy(ours, ({ groupMs }) => groupMs),
      },
      peer: {
        name: 'duckdb',
        pairsPerSecond: pairsPerSecond(theirs),
        totalMs: medianBy(theirs, ({ totalMs }) => totalMs),
        comparedCount: their.comparedCount,
        suggestedCount: their.found,
      },
      ratio: medianBy(theirs, ({ totalMs }) => totalMs) / medianBy(ours, ({ totalMs }) => totalMs),
      agree:
        our.comparedCount === their.comparedCount &&
        isNear(our.found, their.found) &&
        isNear(our.weightSum, their.weightSum),
      checksum: checksumOf(JSON.stringify([recordCount, our.comparedCount, our.found])),
      note: 'prepareMs (texts and keys), learnMs and groupMs are of ours alone and not in totalMs',
    });
  },
};

function febrlLike(recordCount: number): RecordTable {
  const builder = new RecordTableBuilder(FEBRL_FIELDS.map((name) => ({ name })));
  for (const { values } of people({ ...FEBRL_SHAPE, seed: SEED, recordCount })) {
    builder.add(FEBRL_FIELDS.map((field) => values[field]));
  }
  return builder.finish();
}

/** Filing is the second round of "prepare"; scoring is the stage of that name. */
async function ourTurn(table: RecordTable, pool: WorkerPool): Promise<Turn> {
  const ends: { readonly stage: LinkageStage; readonly isFirst: boolean; readonly atMs: number }[] = [];
  const startMs = performance.now();
  let isPrepared = false;
  const result = await linkRecords(
    table,
    { rules: RULES },
    {
      runner: pool,
      onProgress: ({ stage }) => {
        ends.push({ stage, isFirst: !isPrepared, atMs: performance.now() - startMs });
        isPrepared = true;
      },
    },
  );
  const last = (stage: LinkageStage): number => ends.filter((end) => end.stage === stage).at(-1)!.atMs;
  const preparedMs = ends.find(({ isFirst }) => isFirst)!.atMs;
  const filedMs = last('prepare');
  return {
    totalMs: filedMs - preparedMs + (last('score') - last('learn')),
    comparedCount: result.comparedCount,
    found: result.pairs.count,
    weightSum: result.pairs.weights.reduce((sum, weight) => sum + weight, 0),
    prepareMs: preparedMs,
    learnMs: last('learn') - filedMs,
    groupMs: last('group') - last('score'),
  };
}
