/** The optimizer: the passes in their order. Each gives a plan for the same rows, so any of them may be left out. */
import { PASS_NAMES, type PassName } from '../../model/optimizer.ts';
import type { LogicalPlan } from './logical-plan.ts';
import { ALL_OFF, type Draft, type Pass, type PassContext } from './pass.ts';
import { answerFromBitmaps } from './passes/answer-from-bitmaps.ts';
import { answerFromParticipants } from './passes/answer-from-participants.ts';
import { deduplicate } from './passes/deduplicate.ts';
import { flatten } from './passes/flatten.ts';
import { fuseScans } from './passes/fuse-scans.ts';
import { mergeRanges } from './passes/merge-ranges.ts';
import { orderBySelectivity } from './passes/order-by-selectivity.ts';
import { pushDownNot } from './passes/push-down-not.ts';
import { probeChains, pushCandidates, skipChunks } from './passes/switches.ts';

const PASSES: Readonly<Record<PassName, Pass>> = {
  push_down_not: pushDownNot,
  flatten,
  merge_ranges: mergeRanges,
  deduplicate,
  answer_from_bitmaps: answerFromBitmaps,
  answer_from_participants: answerFromParticipants,
  fuse_scans: fuseScans,
  order_by_selectivity: orderBySelectivity,
  push_candidates: pushCandidates,
  skip_chunks: skipChunks,
  probe_chains: probeChains,
};

/** `off`: names of passes to leave out; names that are no pass were refused at the door. */
export function passesWithout(off: readonly string[]): readonly Pass[] {
  return PASS_NAMES.filter((name) => !off.includes(name)).map((name) => PASSES[name]);
}

export function optimize(root: LogicalPlan, passes: readonly Pass[], context: PassContext): Draft {
  let draft: Draft = { root, switches: ALL_OFF };
  for (const pass of passes) draft = pass.apply(draft, context);
  return draft;
}
