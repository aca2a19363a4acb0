/** How many profiles. */
import type { CountBody } from '../../model/query.ts';
import type { AskedQuestion } from './asked-question.ts';
import { estimateCount } from './estimate.ts';
import { plainKind } from './part-kind.ts';

/** A part is the number of a shard's selected rows. */
export const COUNT = plainKind<number>((instant) => {
  instant.isSizeEnough = true;
  return (rows) => rows.cardinality;
});

export async function answerCount(question: AskedQuestion): Promise<CountBody> {
  const estimate = question.request.mode === 'estimate' ? await estimateCount(question) : undefined;
  if (estimate !== undefined) return estimate;
  return question.gather(COUNT, (counts) => ({ count: counts.reduce((sum, count) => sum + count, 0) }));
}
