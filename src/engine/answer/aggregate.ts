/** One value over the selected profiles' events or traits: a part from each shard, then merged. */
import { EngineError } from '../../model/error.ts';
import type { ValueBody } from '../../model/query.ts';
import { type AggregateRequest, captureAggregate } from '../../query/execution/aggregate.ts';
import { mergeAggregates } from '../../query/execution/aggregate-merge.ts';
import { captureNumbers } from '../../query/execution/number-gather.ts';
import { inSlices } from '../../query/execution/pace.ts';
import { ranksOf } from './figure.ts';
import type { Question } from './question.ts';

export async function answerAggregate(question: Question): Promise<ValueBody> {
  const { aggregate } = question.request;
  if (aggregate === undefined) {
    throw new EngineError('query_invalid', '"as": "aggregate" needs "aggregate": {"fn", …}');
  }
  const { fn } = aggregate;
  if (fn === 'percentile' || fn === 'median') {
    const lists = await question.ask((instant) => captureNumbers(instant, aggregate));
    return { value: ranksOf(lists.flat(), fn === 'median' ? 50 : aggregate.p!) };
  }
  const request: AggregateRequest = { ...aggregate, fn };
  return question.askAndMerge(
    (instant) => captureAggregate(instant, request),
    async (parts, spend) => ({ value: await inSlices(mergeAggregates(fn, parts), spend) }),
  );
}
