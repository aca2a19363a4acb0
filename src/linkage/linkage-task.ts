/**
 * Everything that linking computes, as tasks: plain data in, plain data out, what is large in shared memory. `runLinkageTask` is the
 * same on a worker and on the caller's thread, and an answer depends on the task alone, so neither the number of threads nor their
 * timing shows in a result.
 */
import { unreachable } from '../base/assert.ts';
import type { RuleBlocks } from './block-index.ts';
import { consistentClusters } from './clusters.ts';
import type { ComparisonData } from './comparison-data.ts';
import { estimateParameters, type Parameters } from './estimation.ts';
import { levelPattern, type PatternCounts, PatternTally } from './level-pattern.ts';
import { drawUnfiled, levelPopulation } from './level-population.ts';
import {
  fileUnderRule,
  type LinkagePlan,
  type PreparationOptions,
  type PreparedLinkage,
  prepareLinkage,
} from './linkage-plan.ts';
import { type Morsel, visitPairs } from './morsel.ts';
import { GIVEN_UP, PairScorer } from './pair-score.ts';
import { orderOf, type RawRecords, tableOfRaw } from './raw-records.ts';
import { nothingToCompare, type RecordTable } from './record-table.ts';
import { ScoredPairList, type ScoredPairs } from './scored-pairs.ts';
import { mix } from './seeded-random.ts';
import { recordFrequencies } from './value-frequencies.ts';
import { type Weights, weightsOf } from './weights.ts';

export interface Model {
  readonly parameters: Parameters;
  readonly weights: Weights;
}

/** Answers of the kinds of tasks. */
export interface LinkageAnswers {
  prepare: PreparedRecords;
  file: RuleBlocks;
  draw: PatternCounts;
  count: PatternCounts;
  estimate: Model;
  score: ScoredMorsel;
  cluster: Uint32Array;
}

export interface PreparedRecords {
  readonly prepared: PreparedLinkage;
  /** As of `orderOf`. */
  readonly order: Uint32Array | undefined;
}

export interface ScoredMorsel {
  /** Pairs that were compared. */
  readonly compared: number;
  /** Those that reached the threshold. */
  readonly pairs: ScoredPairs;
}

export type LinkageTask =
  | { readonly kind: 'prepare'; readonly records: RecordTable | RawRecords; readonly options: PreparationOptions }
  | { readonly kind: 'file'; readonly prepared: PreparedLinkage; readonly rule: number }
  /** Pairs that no rule files together. */
  | { readonly kind: 'draw'; readonly plan: LinkagePlan; readonly drawCount: number; readonly seed: number }
  /** Of the morsel's pairs a share, chosen by a hash of the pair. */
  | { readonly kind: 'count'; readonly plan: LinkagePlan; readonly morsel: Morsel; readonly share: number }
  | {
      readonly kind: 'estimate';
      readonly data: ComparisonData;
      readonly filed: PatternCounts;
      readonly filedShare: number;
      readonly rest: PatternCounts;
    }
  | {
      readonly kind: 'score';
      readonly plan: LinkagePlan;
      readonly weights: Weights;
      readonly least: number;
      readonly morsel: Morsel;
    }
  | {
      readonly kind: 'cluster';
      readonly data: ComparisonData;
      readonly weights: Weights;
      readonly pairs: ScoredPairs;
      readonly least: number;
    };

export type TaskOf<Kind extends LinkageTask['kind']> = Extract<LinkageTask, { kind: Kind }>;

/** Errors: those of the parts. */
export function runLinkageTask(task: LinkageTask): LinkageAnswers[LinkageTask['kind']] {
  switch (task.kind) {
    case 'prepare': {
      const order = 'rawFields' in task.records ? orderOf(task.records) : undefined;
      const table = 'rawFields' in task.records ? tableOfRaw(task.records, order) : task.records;
      const prepared = prepareLinkage(table, task.options);
      if (prepared.data.fields.length === 0) throw nothingToCompare();
      return { prepared, order };
    }
    case 'file':
      return fileUnderRule(task.prepared, task.rule);
    case 'draw':
      return drawUnfiled(task.plan.data, task.plan.index, task.drawCount, task.seed);
    case 'count':
      return countPatterns(task);
    case 'estimate': {
      const { data, filed, filedShare, rest } = task;
      const parameters = estimateParameters(
        data.fields,
        levelPopulation(data, filed, filedShare, rest),
        data.recordCount,
      );
      return { parameters, weights: weightsOf(data, parameters, recordFrequencies(data)) };
    }
    case 'score':
      return scoreMorsel(task);
    case 'cluster': {
      const scorer = new PairScorer(task.data, task.weights, GIVEN_UP);
      return consistentClusters(task.data.recordCount, task.pairs, (a, b) => scorer.score(a, b), task.least);
    }
    default:
      return unreachable(task);
  }
}

function countPatterns({ plan: { data, index }, morsel, share }: TaskOf<'count'>): PatternCounts {
  const tally = new PatternTally();
  const limit = share * 4_294_967_296;
  visitPairs(index, morsel, (a, b) => {
    if (mix(Math.imul(a, 0x9e3779b1) ^ b) < limit) tally.add(levelPattern(data, a, b));
  });
  return tally.finish();
}

export function scoreMorsel({ plan: { data, index }, weights, least, morsel }: TaskOf<'score'>): ScoredMorsel {
  const scorer = new PairScorer(data, weights, least);
  const list = new ScoredPairList();
  const compared = visitPairs(index, morsel, (a, b) => {
    const weight = scorer.score(a, b);
    if (weight >= least) list.add(a, b, weight);
  });
  return { compared, pairs: list.finish() };
}
