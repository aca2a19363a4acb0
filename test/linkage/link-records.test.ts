/** Linking as a whole: how well it meets the truth unsupervised, that it explains itself, and that threads do not show. */
import { afterAll, describe, expect, test } from 'vitest';
import { FEBRL_FIELDS, FEBRL_SHAPE } from '../../bench/linkage/people.ts';
import type { PersonField } from '../../bench/linkage/person-field.ts';
import { type LinkageProgress, linkRecords } from '../../src/linkage/link-records.ts';
import { RawRecordsBuilder } from '../../src/linkage/raw-records.ts';
import { RecordTableBuilder } from '../../src/linkage/record-table.ts';
import { probabilityOf } from '../../src/linkage/scored-pairs.ts';
import { LINKAGE, WorkerPool } from '../../src/runtime/worker-pool.ts';
import { groupQuality, madeUpSet, pairQuality, realSet, realSetPath } from './labelled-set.ts';

const CUSTOMER_FIELDS: readonly PersonField[] = [
  'given_name',
  'surname',
  'email',
  'phone',
  'suburb',
  'postcode',
  'date_of_birth',
];
/** Small tables too are filed by rules, as large ones are. */
const FILED = { pairsMin: 0 };
const pool = new WorkerPool(2, LINKAGE);
const single = new WorkerPool(1, LINKAGE);
afterAll(async () => {
  await pool.close();
  await single.close();
});

describe('real sets, nothing told but the values', () => {
  const cases: readonly [name: string, f1: number, precision: number][] = [
    ['febrl_dataset3.csv', 0.995, 0.99],
    ['fake_1000.csv', 0.86, 0.95],
    ['febrl_dataset1.csv', 0.985, 0.99],
  ];
  test.each(cases)('%s: F1 from %f at precision from %f, for pairs and for groups', async (name, f1, precision) => {
    const path = realSetPath(name);
    if (path === undefined) {
      console.warn(`skipped: ${name} is not there; set KITH_DATA_SETS`);
      return;
    }
    const { table, person } = realSet(path);
    const { pairs, clusters } = await linkRecords(table);
    for (const found of [pairQuality(pairs, person), groupQuality(clusters, person)]) {
      expect(found.f1).toBeGreaterThanOrEqual(f1);
      expect(found.precision).toBeGreaterThanOrEqual(precision);
    }
  });
});

describe('made-up people, seeds that nothing was tried on', () => {
  test.each([101, 102, 103])('Febrl-like with households, seed %i', async (seed) => {
    const { table, person } = madeUpSet(FEBRL_FIELDS, { ...FEBRL_SHAPE, seed, recordCount: 3_000 });
    const { clusters, pairs } = await linkRecords(table, FILED);
    expect(groupQuality(clusters, person).f1).toBeGreaterThan(0.95);
    expect(pairQuality(pairs, person).f1).toBeGreaterThan(0.93);
  });

  test.each([111, 112])('customers with few duplicates, seed %i', async (seed) => {
    const { table, person } = madeUpSet(CUSTOMER_FIELDS, {
      ...FEBRL_SHAPE,
      seed,
      recordCount: 6_000,
      duplicatedShare: 0.05,
      copiesMax: 1,
      mistakesMax: 4,
    });
    expect(groupQuality((await linkRecords(table, FILED)).clusters, person).f1).toBeGreaterThan(0.9);
  });

  test('where nobody is there twice next to nothing is suggested', async () => {
    const { table } = madeUpSet(FEBRL_FIELDS, { ...FEBRL_SHAPE, seed: 121, recordCount: 3_000, duplicatedShare: 0 });
    expect((await linkRecords(table, FILED)).pairs.count).toBeLessThan(10);
  });
});

describe('a result', () => {
  const { table } = madeUpSet(FEBRL_FIELDS, { ...FEBRL_SHAPE, seed: 131, recordCount: 2_500 });
  const all = linkRecords(table, { ...FILED, suggestProbability: 0.01 });

  test('an error of a worker keeps its code', async () => {
    const raw = new RawRecordsBuilder(['plan']).finish();
    await expect(linkRecords(raw, {}, { runner: pool })).rejects.toMatchObject({
      name: 'EngineError',
      code: 'invalid_request',
      message: expect.stringContaining('no field is left'),
    });
  });

  test('is the same here, on one thread and on two, and differs with nothing but the table and the options', async () => {
    const options = { ...FILED, linkProbability: 0.99 };
    const results = [
      await linkRecords(table, options),
      await linkRecords(table, options, { runner: single }),
      await linkRecords(table, options, { runner: pool }),
    ];
    for (const { pairs, clusters, linked, comparedCount } of results.slice(1)) {
      expect(comparedCount).toBe(results[0].comparedCount);
      expect(pairs).toEqual(results[0].pairs);
      expect(clusters).toEqual(results[0].clusters);
      expect(linked).toEqual(results[0].linked);
    }
    expect(results[0].pairs.count).toBeGreaterThan(1_000);
  });

  test('explains every weight: prior and fields add up to it', async () => {
    const { pairs, explain } = await all;
    for (let index = 0; index < pairs.count; index += 7) {
      const told = explain(pairs.b[index], pairs.a[index]);
      const sum = told.fields.reduce(
        (total, { weight, rarityWeight }) => total + weight + rarityWeight,
        told.priorWeight + told.crowdWeight,
      );
      expect(sum).toBeCloseTo(pairs.weights[index], 9);
      expect(told.weight).toBe(pairs.weights[index]);
      expect(told.probability).toBe(probabilityOf(told.weight));
      expect(told.fields.map(({ field }) => field).toSorted()).toEqual(FEBRL_FIELDS.toSorted());
    }
    const [strongest] = [explain(pairs.a[0], pairs.b[0])];
    expect(strongest.fields.some(({ level, valueA, valueB }) => level === 'same' && valueA === valueB)).toBe(true);
  });

  test('lists pairs the likeliest first, each once and none below the threshold', async () => {
    const { pairs } = await all;
    const seen = new Set<number>();
    for (let index = 0; index < pairs.count; index++) {
      expect(pairs.a[index]).toBeLessThan(pairs.b[index]);
      expect(probabilityOf(pairs.weights[index])).toBeGreaterThanOrEqual(0.01 - 1e-12);
      if (index > 0) expect(pairs.weights[index]).toBeLessThanOrEqual(pairs.weights[index - 1]);
      seen.add(pairs.a[index] * table.recordCount + pairs.b[index]);
    }
    expect(seen.size).toBe(pairs.count);
  });

  test('links nothing unless told to, and what it links is within what it suggests', async () => {
    expect((await all).linked).toBeUndefined();
    const { linked, clusters } = await linkRecords(table, { ...FILED, linkProbability: 0.999 });
    expect(linked).toBeDefined();
    const joined = (groups: Uint32Array): number =>
      groups.reduce((count, group, row) => (group === row ? count : count + 1), 0);
    expect(joined(linked!)).toBeLessThanOrEqual(joined(clusters));
    expect(joined(linked!)).toBeGreaterThan(0);
  });
});

describe('a run', () => {
  const { table } = madeUpSet(CUSTOMER_FIELDS, { ...FEBRL_SHAPE, seed: 141, recordCount: 1_000 });

  test('tells its progress stage by stage to the end', async () => {
    const told: LinkageProgress[] = [];
    await linkRecords(table, FILED, { onProgress: (progress) => told.push(progress) });
    expect([...new Set(told.map(({ stage }) => stage))]).toEqual(['prepare', 'learn', 'score', 'group']);
    expect(told.at(-1)).toEqual({ stage: 'group', done: 1, total: 1 });
  });

  test.each([undefined, pool])('stops when its signal says so', async (runner) => {
    const controller = new AbortController();
    const stages: string[] = [];
    const run = linkRecords(table, FILED, {
      runner,
      signal: controller.signal,
      onProgress: ({ stage }) => {
        stages.push(stage);
        if (stage === 'learn') controller.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(stages).not.toContain('group');
  });

  test('refuses thresholds that make no sense', async () => {
    for (const options of [
      { suggestProbability: 0 },
      { suggestProbability: 1.5 },
      { linkProbability: 0.3 },
      { rules: [] },
    ]) {
      await expect(linkRecords(table, options)).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  test('takes tables that are hardly tables', async () => {
    for (const rows of [
      [],
      [['ann', 'lee']],
      [
        ['ann', 'lee'],
        ['ann', 'lee'],
      ],
      [
        [null, null],
        [null, null],
      ],
    ]) {
      const builder = new RecordTableBuilder([
        { name: 'given', kind: 'name' },
        { name: 'family', kind: 'name' },
      ]);
      for (const row of rows) builder.add(row);
      const { pairs, clusters } = await linkRecords(builder.finish());
      expect(clusters.length).toBe(rows.length);
      expect(pairs.count).toBeLessThanOrEqual(1);
    }
  });
});
