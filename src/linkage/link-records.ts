/**
 * Links the records of a table: prepares, learns, scores, groups. The work is cut into tasks that run on workers where a pool is given and
 * otherwise here, one a turn of the event loop; results are put together in the order of the tasks, so they do not depend on threads.
 *
 * Memory: codes 4 bytes a record and field, block keys and places 8 a record and rule, texts; of pairs only the suggested ones are kept.
 */
import type { CancelSignal } from '../base/cancel-source.ts';
import { nextTurn } from '../runtime/turn.ts';
import type { RuleBlocks } from './block-index.ts';
import type { ComparisonData } from './comparison-data.ts';
import { type PatternCounts, PatternTally } from './level-pattern.ts';
import { fullOptions, type LinkageOptions, RULE_COUNT_MAX } from './linkage-options.ts';
import { type LinkagePlan, type PreparedLinkage, ruleText } from './linkage-plan.ts';
import { type LinkageAnswers, type LinkageTask, type Model, runLinkageTask } from './linkage-task.ts';
import { planMorsels } from './morsel.ts';
import { explainPair, type PairExplanation } from './pair-explanation.ts';
import type { RawRecords } from './raw-records.ts';
import type { RecordTable } from './record-table.ts';
import { ScoredPairList, type ScoredPairs, weightOfProbability } from './scored-pairs.ts';

export type LinkageStage = 'prepare' | 'learn' | 'score' | 'group';

export interface LinkageProgress {
  readonly stage: LinkageStage;
  readonly done: number;
  readonly total: number;
}

/** Where tasks run; `WorkerPool` is one. */
export interface TaskRunner {
  readonly threadCount: number;
  run(task: LinkageTask): Promise<unknown>;
}

export interface LinkRun {
  /** Absent: on this thread. */
  readonly runner?: TaskRunner | undefined;
  readonly onProgress?: ((progress: LinkageProgress) => void) | undefined;
  readonly signal?: CancelSignal | undefined;
}

export interface LinkageResult {
  /** Suggested pairs, the likeliest first. */
  readonly pairs: ScoredPairs;
  /** By row: lowest row of its group, by all suggested pairs that do not contradict each other. */
  readonly clusters: Uint32Array;
  /** The same by links alone; undefined when linking is off. */
  readonly linked: Uint32Array | undefined;
  readonly comparedCount: number;
  /** Names of those that tell something. */
  readonly fields: readonly string[];
  /** For people, in order. */
  readonly rules: readonly string[];
  /** Estimated share of true pairs that the rules find. */
  readonly coverage: number;
  readonly model: Model;
  /** Rows are records in order of their places: which record the row is. */
  readonly recordOf: (row: number) => number;
  readonly explain: (one: number, other: number) => PairExplanation;
}

const PAIRS_PER_MORSEL = 100_000;
/** Pairs that parameters are learnt from. */
const LEARNING_PAIRS = 2_000_000;
const DRAW_COUNT = 300_000;
const DRAWS_PER_TASK = 50_000;

/** Errors: invalid_request; what `signal` was aborted with. */
export async function linkRecords(
  records: RecordTable | RawRecords,
  options: LinkageOptions = {},
  run: LinkRun = {},
): Promise<LinkageResult> {
  const full = fullOptions(options);
  const [{ prepared, order }] = await runAll(run, 'prepare', [
    { kind: 'prepare', records, options: { ...full, ruleCountMax: RULE_COUNT_MAX } } as const,
  ]);
  const { data } = prepared;
  const plan = await filed(prepared, run);
  const { morsels, pairCount } = planMorsels(plan.index.rules, PAIRS_PER_MORSEL);
  const model = await learn(plan, pairCount, full.seed, run);
  const { weights } = model;
  const least = weightOfProbability(full.suggestProbability);
  const scored = await runAll(
    run,
    'score',
    morsels.map((morsel) => ({ kind: 'score', plan, weights, least, morsel }) as const),
  );
  const list = new ScoredPairList();
  let comparedCount = 0;
  for (const { compared, pairs } of scored) {
    comparedCount += compared;
    list.addAll(pairs);
  }
  const pairs = list.finish();
  const groupings = [least, ...(full.linkProbability === undefined ? [] : [weightOfProbability(full.linkProbability)])];
  const [clusters, linked] = await runAll(
    run,
    'group',
    groupings.map((from) => ({ kind: 'cluster', data, weights, pairs, least: from }) as const),
  );
  return {
    pairs: likeliestFirst(pairs),
    clusters,
    linked,
    comparedCount,
    fields: data.fields.map(({ name }) => name),
    rules: prepared.rules.map(ruleText),
    coverage: prepared.coverage,
    model,
    recordOf: (row) => (order === undefined ? row : order[row]),
    explain: (one, other) => explainPair(data, weights, one, other),
  };
}

async function filed(prepared: PreparedLinkage, run: LinkRun): Promise<LinkagePlan> {
  const rules: readonly RuleBlocks[] = await runAll(
    run,
    'prepare',
    prepared.rules.map((_, rule) => ({ kind: 'file', prepared, rule }) as const),
  );
  return { data: prepared.data, index: { rules, keys: prepared.keys } };
}

async function learn(plan: LinkagePlan, pairCount: number, seed: number, run: LinkRun): Promise<Model> {
  const data: ComparisonData = plan.data;
  const { morsels } = planMorsels(plan.index.rules, PAIRS_PER_MORSEL * 5);
  const share = Math.min(1, LEARNING_PAIRS / Math.max(1, pairCount));
  const counted = await runAll(
    run,
    'learn',
    morsels.map((morsel) => ({ kind: 'count', plan, morsel, share }) as const),
  );
  const isComplete = pairCount >= (data.recordCount * (data.recordCount - 1)) / 2;
  const draws = isComplete ? 0 : DRAW_COUNT / DRAWS_PER_TASK;
  const drawn = await runAll(
    run,
    'learn',
    Array.from(
      { length: draws },
      (_, index) => ({ kind: 'draw', plan, drawCount: DRAWS_PER_TASK, seed: seed + index * 0x1_0000_0000 }) as const,
    ),
  );
  const [model] = await runAll(run, 'learn', [
    { kind: 'estimate', data, filed: joined(counted), filedShare: share, rest: joined(drawn) } as const,
  ]);
  return model;
}

function joined(parts: readonly PatternCounts[]): PatternCounts {
  const tally = new PatternTally();
  for (const part of parts) tally.addAll(part);
  return tally.finish();
}

/** Answers in the order of the tasks. As many are under way as threads can take while others are handed over. */
async function runAll<Task extends LinkageTask>(
  { runner, onProgress, signal }: LinkRun,
  stage: LinkageStage,
  tasks: readonly Task[],
): Promise<LinkageAnswers[Task['kind']][]> {
  const answers: LinkageAnswers[Task['kind']][] = new Array(tasks.length);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < tasks.length) {
      signal?.throwIfAborted();
      const index = next++;
      const task = tasks[index];
      const answer = runner === undefined ? runLinkageTask(task) : await runner.run(task);
      answers[index] = answer as LinkageAnswers[Task['kind']];
      onProgress?.({ stage, done: ++done, total: tasks.length });
      if (runner === undefined) await nextTurn();
    }
  };
  const lanes = runner === undefined ? 1 : runner.threadCount * 2;
  try {
    await Promise.all(Array.from({ length: Math.min(lanes, tasks.length) }, lane));
  } catch (error) {
    // The other lanes end with the task they have.
    next = tasks.length;
    throw error;
  }
  return answers;
}

function likeliestFirst({ count, a, b, weights }: ScoredPairs): ScoredPairs {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  order.sort((x, y) => weights[y] - weights[x] || a[x] - a[y] || b[x] - b[y]);
  return {
    count,
    a: order.map((index) => a[index]),
    b: order.map((index) => b[index]),
    weights: Float64Array.from(order, (index) => weights[index]),
  };
}
