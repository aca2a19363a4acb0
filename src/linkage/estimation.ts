/**
 * Parameters of the Fellegi–Sunter model by expectation and maximisation over counted patterns (Dempster, Laird & Rubin 1977; Winkler
 * 1988). m = P(level | one person), u = P(level | two people), both given the parent's level in the field tree and that the
 * field is present in both; λ = P(one person) of two records drawn at random.
 *
 * The population is all pairs of records. Pairs that no rule files together are taken as two people, so the expectation runs over
 * filed pairs alone, under the λ and u of the whole: no rule's own fields need be left out, as filing is a function of the values
 * and not of who they belong to. u is what is left of the population when the expected matches are taken out.
 *
 * Where it starts decides which bundle of agreements it calls "one person". A household's pairs agree on half of the fields, and there
 * may be more of them than duplicates. So at first a pattern gets no more matches than the expected levels of the kinds allow: pairs that
 * differ in given name, birthday and id are hardly ever one person, however many they are.
 */
import { type AgreementTable, agreementTable, CoarsePatterns } from './coarse-patterns.ts';
import type { ComparedField } from './comparison-data.ts';
import { APART_MAX, canSwap, type FieldKind, LEVEL_COUNT_MAX, LEVELS, SAME, SWAPPED } from './field-kind.ts';
import { type FieldTree, fieldTree } from './field-tree.ts';
import { firstGuess } from './first-guess.ts';
import type { LevelPopulation } from './level-population.ts';
import { type FieldTables, JointLevels, tablesOf } from './level-tables.ts';

export interface Parameters {
  readonly tree: FieldTree;
  readonly m: readonly FieldTables[];
  readonly u: readonly FieldTables[];
  /** Expected number of filed pairs that are one person. */
  readonly matchCount: number;
  /** λ. */
  readonly matchShare: number;
  readonly iterationCount: number;
}

const ITERATIONS_MAX = 100;
const CHANGE_MIN = 1e-4;
/** Expected levels weigh as much as this many matches: enough to keep rare levels from 0, too little to outvote data. */
const EXPECTATION_WEIGHT = 10;
/** Half a pair: with none expected a match is unlikely, not impossible. */
const MATCHES_MIN = 0.5;

export function estimateParameters(
  fields: readonly ComparedField[],
  population: LevelPopulation,
  recordCount: number,
): Parameters {
  const pairs = population.seen.map((count, index) => count * population.each[index]);
  // By pattern: pairs expected to be one person; none among those not filed.
  const coarse = new CoarsePatterns(fields, population, pairs);
  const matched = firstGuess(fields, population, pairs, coarse, recordCount);
  const different = pairs.map((count, index) => count - matched[index]);
  // Once with what the first guess takes for two people, once with what is known after that.
  maximise(fields, population, pairs, coarse, matched, different);
  return maximise(fields, population, pairs, coarse, matched, different);
}

function maximise(
  fields: readonly ComparedField[],
  population: LevelPopulation,
  pairs: Float64Array,
  coarse: CoarsePatterns,
  matched: Float64Array,
  different: Float64Array,
): Parameters {
  const { filedCount, pairCount } = population;
  const tree = fieldTree(fields, population, different);
  const joint = new JointLevels();
  let m: FieldTables[] = [];
  let u: FieldTables[] = [];
  let matchCount = 0;
  let matchShare = 0;
  let iterationCount = 0;
  for (
    let change = Number.POSITIVE_INFINITY;
    change > CHANGE_MIN && iterationCount < ITERATIONS_MAX;
    iterationCount++
  ) {
    matchCount = 0;
    for (let index = 0; index < filedCount; index++) matchCount += matched[index];
    matchShare = Math.min(0.5, Math.max(MATCHES_MIN, matchCount) / Math.max(1, pairCount));
    const agreement: AgreementTable[] = [];
    m = fields.map(({ kind }, field) => {
      joint.sum(population, matched, tree.parents[field], field);
      agreement.push(agreementTable(fields[field], fields[tree.parents[field]], joint));
      const tables = tablesOf(matchLevels(kind, joint), joint, tree.parents[field] >= 0);
      boundApart(kind, tree.parents[field] < 0 ? undefined : fields[tree.parents[field]].kind, tables);
      return tables;
    });
    u = fields.map(({ kind }, field) => {
      joint.sum(population, different, tree.parents[field], field);
      const overall = chanceLevels(
        population,
        joint,
        matchedSame(population, matched, field),
        field,
        LEVELS[kind].length,
      );
      return tablesOf(overall, joint, tree.parents[field] >= 0);
    });
    fields.forEach(({ kind }, field) => keepOrder(kind, m[field], u[field]));
    const bounds = coarse.bounds(agreement, tree.parents, matchCount);
    change =
      expectMatches(population, pairs, tree, m, u, matchShare, bounds, matched, different) / Math.max(1, matchCount);
  }
  return { tree, m, u, matchCount, matchShare, iterationCount };
}

function sumsByLevel(joint: JointLevels, levelCount: number): Float64Array {
  const sums = new Float64Array(levelCount);
  for (let cell = 0; cell < joint.pairs.length; cell++) {
    const level = cell % LEVEL_COUNT_MAX;
    if (level >= SAME && level < levelCount) sums[level] += joint.pairs[cell];
  }
  return sums;
}

/** m of a field overall, leaning a little on what is expected of the kind. */
function matchLevels(kind: FieldKind, joint: JointLevels): Float64Array {
  const sums = sumsByLevel(joint, LEVELS[kind].length);
  let total = EXPECTATION_WEIGHT;
  for (const sum of sums) total += sum;
  return sums.map((sum, level) => (sum + EXPECTATION_WEIGHT * LEVELS[kind][level].expected) / total);
}

/** Overall and where the parent agrees: those that moved have moved in every field of the address. */
function boundApart(kind: FieldKind, parentKind: FieldKind | undefined, { alone, given }: FieldTables): void {
  boundRow(kind, alone, 0);
  for (let row = 0; row < LEVEL_COUNT_MAX; row++) {
    const isBound = parentKind === undefined || row === 0 || (LEVELS[parentKind][row]?.isAgreement ?? false);
    if (isBound) boundRow(kind, given, row * LEVEL_COUNT_MAX);
  }
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

function matchedSame(
  { fieldCount, levels, filedCount }: LevelPopulation,
  matched: Float64Array,
  field: number,
): number {
  let sum = 0;
  for (let index = 0; index < filedCount; index++)
    if (levels[index * fieldCount + field] === SAME) sum += matched[index];
  return sum;
}

/** u of a field overall. "Same" is counted from the values and not drawn. A level that was never seen is rare, not impossible. */
function chanceLevels(
  population: LevelPopulation,
  joint: JointLevels,
  matchedPairs: number,
  field: number,
  levelCount: number,
): Float64Array {
  const sums = sumsByLevel(joint, levelCount);
  let total = 0;
  let squares = 0;
  for (const sum of sums) total += sum;
  for (const square of joint.squares) squares += square;
  const least = total > 0 ? (0.5 * squares) / total : 1;
  sums[SAME] = Math.max(0.5, population.samePairs[field] - matchedPairs);
  total = 0;
  for (let level = SAME; level < levelCount; level++) {
    if (level !== SAME)
      sums[level] = Math.max(Math.min(least, 0.5 * population.each[population.each.length - 1]), sums[level]);
    total += sums[level];
  }
  return sums.map((sum) => sum / Math.max(1, total));
}

/** Writes the pairs of each filed pattern expected to be one person, and the rest; gives how many pairs moved. */
function expectMatches(
  { fieldCount, levels, filedCount }: LevelPopulation,
  pairs: Float64Array,
  { parents }: FieldTree,
  m: readonly FieldTables[],
  u: readonly FieldTables[],
  matchShare: number,
  bounds: Float64Array,
  matched: Float64Array,
  different: Float64Array,
): number {
  const ratios = m.map(({ given }, field) =>
    given.map((value, cell) => (cell % LEVEL_COUNT_MAX === 0 ? 1 : value / u[field].given[cell])),
  );
  const odds = matchShare / (1 - matchShare);
  let moved = 0;
  for (let index = 0, at = 0; index < filedCount; index++, at += fieldCount) {
    let ratio = odds;
    for (let field = 0; field < fieldCount; field++) {
      const parent = parents[field];
      ratio *= ratios[field][(parent < 0 ? 0 : levels[at + parent] * LEVEL_COUNT_MAX) + levels[at + field]];
    }
    const expected = pairs[index] * Math.min(bounds[index], ratio > 1e300 ? 1 : ratio / (1 + ratio));
    moved += Math.abs(expected - matched[index]);
    matched[index] = expected;
    different[index] = pairs[index] - expected;
  }
  return moved;
}

/** A nearer level never says less than a farther one: where few pairs made it so, both get their common ratio (pool adjacent violators). */
function keepOrder(kind: FieldKind, m: FieldTables, u: FieldTables): void {
  for (let row = 0; row < LEVEL_COUNT_MAX; row++) {
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
