/** One value over the selected profiles' events or traits: a part from each shard, then merged. */
import { EngineError } from '../../model/error.ts';
import type { ValueBody } from '../../model/query.ts';
import { type AggregateRequest, captureAggregate } from '../../query/execution/aggregate.ts';
import { mergeAggregates, type PartialAggregate } from '../../query/execution/aggregate-merge.ts';
import { captureNumbers } from '../../query/execution/number-gather.ts';
import { inSlices } from '../../query/execution/pace.ts';
import type { SortedNumbers } from '../../query/execution/sorted-numbers.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { AskedQuestion } from './asked-question.ts';
import { ranksOf } from './figure.ts';
import { packEach } from './packed-numbers.ts';
import { type PackedValues, packValues, unpackValues } from './packed-values.ts';
import { atOnce, type PartKind } from './part-kind.ts';

/** By which of two kinds of parts the value is found. */
export type AggregateKind =
  | {
      readonly from: 'numbers';
      readonly kind: PartKind<readonly SortedNumbers[], readonly SortedNumbers[]>;
      readonly p: number | readonly number[];
    }
  | {
      readonly from: 'partials';
      readonly kind: PartKind<PartialAggregate, PackedAggregate>;
      readonly fn: AggregateRequest['fn'];
    };

type PackedAggregate = Omit<PartialAggregate, 'distinct'> & { readonly distinct: PackedValues };

/** Errors: query_invalid. */
export function aggregateKind({ aggregate }: CheckedRequest): AggregateKind {
  if (aggregate === undefined) {
    throw new EngineError('query_invalid', '"as": "aggregate" needs "aggregate": {"fn", …}');
  }
  const { fn } = aggregate;
  if (fn === 'percentile' || fn === 'median') {
    const capture: PartKind<readonly SortedNumbers[], readonly SortedNumbers[]>['capture'] = (instant) =>
      captureNumbers(instant, aggregate);
    const p = fn === 'median' ? 50 : aggregate.p!;
    return { from: 'numbers', kind: { capture, pack: packEach, unpack: atOnce }, p };
  }
  const request: AggregateRequest = { ...aggregate, fn };
  return {
    from: 'partials',
    kind: {
      capture: (instant) => captureAggregate(instant, request),
      pack: function* ({ distinct, ...part }) {
        return { ...part, distinct: yield* packValues(distinct.length, (i) => distinct[i]) };
      },
      unpack: function* ({ distinct, ...part }) {
        // None of them is null.
        return { ...part, distinct: (yield* unpackValues(distinct)) as PartialAggregate['distinct'] };
      },
    },
    fn,
  };
}

export async function answerAggregate(question: AskedQuestion): Promise<ValueBody> {
  const found = aggregateKind(question.request);
  if (found.from === 'numbers') {
    return question.gather(found.kind, (lists) => ({ value: ranksOf(lists.flat(), found.p) }));
  }
  return question.gather(found.kind, async (parts, spend) => ({
    value: await inSlices(mergeAggregates(found.fn, parts), spend),
  }));
}
