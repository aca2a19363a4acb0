/**
 * m: P(level | one person). It leans on what is expected of the kind and keeps within what a duplicate can be: values apart in a
 * bounded share, and a nearer level never saying less than a farther one.
 */
import { type AgreementTable, agreementTable } from './coarse-patterns.ts';
import type { ComparedField } from './comparison-data.ts';
import { APART_MAX, canSwap, type FieldKind, LEVEL_COUNT_MAX, LEVELS, SAME, SWAPPED } from './field-kind.ts';
import { type FieldTree, rowCount } from './field-tree.ts';
import type { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';
import { type FieldTables, tablesOf } from './level-tables.ts';

/** Expected levels weigh as much as this many matches: enough to keep rare levels from 0, too little to outvote data. */
const EXPECTATION_WEIGHT = 10;

export interface MatchTables {
  readonly m: readonly FieldTables[];
  readonly agreement: readonly AgreementTable[];
}

/** `matched`: by pattern, the pairs expected to be one person. */
export function matchTables(
  fields: readonly ComparedField[],
  { conditions }: FieldTree,
  population: LevelPopulation,
  matched: Float64Array,
  joint: JointLevels,
): MatchTables {
  const m = fields.map(({ kind }, field) => {
    joint.sum(population, matched, -1, field);
    const tables = tablesOf(overall(kind, joint), conditions[field], population, matched, field, joint);
    boundApart(fields, kind, conditions[field], tables);
    return tables;
  });
  return {
    m,
    agreement: fields.map((_, field) => agreementTable(fields, field, conditions[field], population, matched, joint)),
  };
}

function overall(kind: FieldKind, joint: JointLevels): Float64Array {
  const sums = joint.byLevel(LEVELS[kind].length);
  let total = EXPECTATION_WEIGHT;
  for (const sum of sums) total += sum;
  return sums.map((sum, level) => (sum + EXPECTATION_WEIGHT * LEVELS[kind][level].expected) / total);
}

/** Overall and where the condition agrees: those that moved have moved in every field of the address. */
function boundApart(
  fields: readonly ComparedField[],
  kind: FieldKind,
  conditions: Uint8Array,
  { alone, given }: FieldTables,
): void {
  boundRow(kind, alone, 0);
  boundRow(kind, given, given.length - LEVEL_COUNT_MAX);
  conditions.forEach((condition, index) => {
    LEVELS[fields[condition].kind].forEach(({ isAgreement }, level) => {
      if (isAgreement) boundRow(kind, given, (index * LEVEL_COUNT_MAX + level) * LEVEL_COUNT_MAX);
    });
  });
}

function boundRow(kind: FieldKind, values: Float64Array, at: number): void {
  let apart = 0;
  LEVELS[kind].forEach(({ isAgreement }, level) => {
    if (!isAgreement) apart += values[at + level];
  });
  const bound = APART_MAX[kind];
  if (apart <= bound) return;
  LEVELS[kind].forEach(({ isAgreement }, level) => {
    values[at + level] *= isAgreement ? (1 - bound) / (1 - apart) : bound / apart;
  });
}

/** Where few pairs made a nearer level say less than a farther one, both get their common ratio to u (pool adjacent violators). */
export function keepOrder(kind: FieldKind, conditions: Uint8Array, m: FieldTables, u: FieldTables): void {
  for (let row = 0; row < rowCount(conditions); row++) {
    const at = row * LEVEL_COUNT_MAX;
    const pools: { levels: number[]; m: number; u: number }[] = [];
    for (let level = SAME; level < LEVELS[kind].length; level++) {
      if (level === SWAPPED && canSwap(kind)) continue;
      pools.push({ levels: [level], m: m.given[at + level], u: u.given[at + level] });
      while (pools.length > 1) {
        const last = pools[pools.length - 1];
        const before = pools[pools.length - 2];
        if (last.m * before.u <= before.m * last.u) break;
        pools.pop();
        before.levels.push(...last.levels);
        before.m += last.m;
        before.u += last.u;
      }
    }
    for (const pool of pools) {
      for (const level of pool.levels) m.given[at + level] = (pool.m * u.given[at + level]) / pool.u;
    }
  }
}
