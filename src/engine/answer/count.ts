/** How many profiles. */
import type { CountBody } from '../../model/query.ts';
import { estimateCount } from './estimate.ts';
import type { Question } from './question.ts';

export async function answerCount(question: Question): Promise<CountBody> {
  const estimate = question.request.mode === 'estimate' ? await estimateCount(question) : undefined;
  if (estimate !== undefined) return estimate;
  const selections = await question.select();
  return { count: selections.reduce((sum, rows) => sum + rows.cardinality, 0) };
}
