/** How many profiles come how far, step by step. */
import type { FunnelBody } from '../../model/analysis.ts';
import { EngineError } from '../../model/error.ts';
import { captureFunnel } from '../../query/execution/funnel.ts';
import { funnelBody } from '../../query/execution/funnel-body.ts';
import { SLICE_NS } from '../../query/execution/pace.ts';
import type { Question } from './question.ts';

export async function answerFunnel(question: Question): Promise<FunnelBody> {
  const { funnel } = question.request;
  if (funnel === undefined) throw new EngineError('query_invalid', '"as": "funnel" needs "funnel": {"steps", …}');
  return question.askAndMerge(
    (instant) => captureFunnel(instant, funnel),
    (parts, spend) => funnelBody(funnel, parts, async () => spend(SLICE_NS)),
  );
}
