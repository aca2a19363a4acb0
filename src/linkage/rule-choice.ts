/**
 * Chooses blocking rules from the data alone. Records are drawn and spoilt as people and forms spoil them (a letter off, another
 * value, none, exchanged fields; some copies hardly, some badly): a rule is worth the spoilt copies that it alone still files with
 * their original, and costs the pairs that it makes among the records. Rules are taken greedily by worth for cost until the budget
 * or the gain ends (budgeted maximum coverage). Nothing is assumed of the true duplicates but how mistakes look in general.
 */
import type { BlockingRule } from './block-index.ts';
import { BLOCK_SIZE_MAX } from './block-index.ts';
import { keyNumber, keyText, type RecordKey } from './blocking-key.ts';
import type { ComparisonData } from './comparison-data.ts';
import { KeyNumbering } from './key-numbering.ts';
import { SeededRandom } from './seeded-random.ts';
import { spoiltCopy } from './spoilt-copy.ts';
import { textAt } from './text-store.ts';

export interface RuleChoiceOptions {
  /** Pairs that all rules together may make. */
  readonly pairBudget: number;
  readonly ruleCountMax: number;
  readonly seed: number;
}

export interface RuleChoice {
  readonly rules: readonly BlockingRule[];
  /** Share of the spoilt copies that the rules find. */
  readonly coverage: number;
}

const COPY_COUNT = 2_000;
const SAMPLE_COUNT = 30_000;
/** A further rule must find at least this share of all copies. */
const GAIN_MIN = 0.0005;
interface Candidate {
  readonly keys: readonly RecordKey[];
  readonly cost: number;
  readonly found: Uint8Array;
}

export function chooseRules(data: ComparisonData, keys: readonly RecordKey[], options: RuleChoiceOptions): RuleChoice {
  const { recordCount } = data;
  if ((recordCount * (recordCount - 1)) / 2 <= options.pairBudget) return { rules: [{ keys: [] }], coverage: 1 };
  const survives = survivalOf(data, keys, options.seed);
  const sample = sampleNumbers(data, keys, options.seed);
  const candidates: Candidate[] = [];
  // A rule below its share of the budget is as good as free: being strict buys nothing.
  const share = options.pairBudget / options.ruleCountMax;
  const consider = (members: readonly number[]): void => {
    const chosen = members.map((member) => keys[member]);
    const found = new Uint8Array(COPY_COUNT).fill(1);
    for (const member of members) for (let copy = 0; copy < COPY_COUNT; copy++) found[copy] &= survives[member][copy];
    const cost = Math.max(
      share,
      pairsOf(
        members.map((member) => sample[member]),
        chosen,
        recordCount,
      ),
    );
    if (cost <= options.pairBudget) candidates.push({ keys: chosen, cost, found });
  };
  for (let one = 0; one < keys.length; one++) {
    consider([one]);
    for (let other = one + 1; other < keys.length; other++) {
      if (!keys[one].fields.some((field) => keys[other].fields.includes(field))) consider([one, other]);
    }
  }
  return greedy(candidates, keys, options);
}

function greedy(candidates: readonly Candidate[], keys: readonly RecordKey[], options: RuleChoiceOptions): RuleChoice {
  const left = new Uint8Array(COPY_COUNT).fill(1);
  const taken: Candidate[] = [];
  let budget = options.pairBudget;
  let covered = 0;
  while (taken.length < options.ruleCountMax) {
    let best: Candidate | undefined;
    let bestGain = 0;
    for (const candidate of candidates) {
      if (candidate.cost > budget) continue;
      let gain = 0;
      for (let copy = 0; copy < COPY_COUNT; copy++) gain += candidate.found[copy] & left[copy];
      if (gain < GAIN_MIN * COPY_COUNT) continue;
      if (best === undefined || gain * best.cost > bestGain * candidate.cost) {
        best = candidate;
        bestGain = gain;
      }
    }
    if (best === undefined) break;
    taken.push(best);
    budget -= best.cost;
    covered += bestGain;
    for (let copy = 0; copy < COPY_COUNT; copy++) if (best.found[copy] === 1) left[copy] = 0;
  }
  const rules = taken.map(({ keys: own }) => ({ keys: own, refinement: refinementOf(own, keys) }));
  return { rules, coverage: covered / COPY_COUNT };
}

/** The key with the most numbers of a field that the rule does not look at yet. */
export function refinementOf(own: readonly RecordKey[], keys: readonly RecordKey[]): RecordKey | undefined {
  const isFree = (key: RecordKey): boolean =>
    key.fields.length === 1 && key.form === 'same' && !own.some((other) => other.fields.includes(key.fields[0]));
  return keys
    .filter(isFree)
    .reduce<RecordKey | undefined>(
      (best, key) => (best === undefined || key.numberMax > best.numberMax ? key : best),
      undefined,
    );
}

/** By key and copy: 1 where the copy has its original's key. */
function survivalOf(data: ComparisonData, keys: readonly RecordKey[], seed: number): readonly Uint8Array[] {
  const random = new SeededRandom(seed);
  const survives = keys.map(() => new Uint8Array(COPY_COUNT));
  const width = data.fields.length;
  const draw = (field: number): string =>
    textAt(data.fields[field].texts, data.codes[random.below(data.recordCount) * width + field]);
  for (let copy = 0; copy < COPY_COUNT; copy++) {
    const row = random.below(data.recordCount);
    const texts = data.fields.map(({ texts: store }, field) => textAt(store, data.codes[row * width + field]));
    const spoilt = spoiltCopy(texts, data.fields, random, draw);
    keys.forEach((key, index) => {
      const [before, after] = [texts, spoilt].map((values) =>
        key.fields.map((field) => keyText(key.form, values[field])),
      );
      if (before.includes('') || after.includes('')) return;
      if (before.sort().join('\n') === after.sort().join('\n')) survives[index][copy] = 1;
    });
  }
  return survives;
}

/** Key numbers of sampled records, by key. */
function sampleNumbers(data: ComparisonData, keys: readonly RecordKey[], seed: number): readonly Float64Array[] {
  const { recordCount, codes } = data;
  const width = data.fields.length;
  const random = new SeededRandom(seed + 1);
  const isWhole = recordCount <= SAMPLE_COUNT;
  const rows = Uint32Array.from({ length: Math.min(recordCount, SAMPLE_COUNT) }, (_, index) =>
    isWhole ? index : random.below(recordCount),
  );
  return keys.map((key) => Float64Array.from(rows, (row) => keyNumber(key, codes, row * width)));
}

/** Estimated pairs of a rule among all records; blocks above the cap count as cut down to it. */
function pairsOf(columns: readonly Float64Array[], keys: readonly RecordKey[], recordCount: number): number {
  const sampleCount = columns[0].length;
  const numbering = new KeyNumbering(sampleCount);
  const sizes = new Uint32Array(sampleCount + 1);
  for (let at = 0; at < sampleCount; at++) {
    let number = columns[0][at];
    if (columns.length > 1)
      number = number === 0 || columns[1][at] === 0 ? 0 : number * (keys[1].numberMax + 1) + columns[1][at];
    if (number !== 0) sizes[numbering.numberOf(number)]++;
  }
  const scale = recordCount / sampleCount;
  let pairs = 0;
  for (let number = 1; number <= numbering.count; number++) {
    const size = sizes[number];
    const together = ((size * (size - 1)) / 2) * scale * scale;
    pairs += size * scale > BLOCK_SIZE_MAX ? Math.min(together, (size * scale * BLOCK_SIZE_MAX) / 2) : together;
  }
  return pairs;
}
