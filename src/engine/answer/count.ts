/** How many profiles. */
import type { CountBody } from '../../model/query.ts';
import type { Question } from './question.ts';

export async function answerCount(question: Question): Promise<CountBody> {
  const selections = await question.select();
  return { count: selections.reduce((sum, rows) => sum + rows.cardinality, 0) };
}
