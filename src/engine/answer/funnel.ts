/** How many profiles come how far, step by step. */
import type { FunnelBody } from '../../model/analysis.ts';
import { EngineError } from '../../model/error.ts';
import { captureFunnel, type FunnelPart, type GroupedJourneys } from '../../query/execution/funnel.ts';
import { funnelBody } from '../../query/execution/funnel-body.ts';
import { SLICE_NS } from '../../query/execution/pace.ts';
import type { SortedNumbers } from '../../query/execution/sorted-numbers.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { AskedQuestion } from './asked-question.ts';
import { packEach } from './packed-numbers.ts';
import { type PackedValues, packValues, unpackValues } from './packed-values.ts';
import type { PartKind } from './part-kind.ts';

interface PackedFunnel {
  readonly depths: Float64Array;
  readonly times: readonly (readonly SortedNumbers[])[];
  readonly grouped: readonly PackedJourneys[];
}
type PackedJourneys = Omit<GroupedJourneys, 'values'> & { readonly values: PackedValues };

/** Errors: query_invalid. */
export function funnelKind({ funnel }: CheckedRequest): PartKind<FunnelPart, PackedFunnel> {
  if (funnel === undefined) throw new EngineError('query_invalid', '"as": "funnel" needs "funnel": {"steps", …}');
  return { capture: (instant) => captureFunnel(instant, funnel), pack, unpack };
}

export async function answerFunnel(question: AskedQuestion): Promise<FunnelBody> {
  const kind = funnelKind(question.request);
  return question.gather(kind, (parts, spend) =>
    funnelBody(question.request.funnel!, parts, async () => spend(SLICE_NS)),
  );
}

function* pack({ depths, times, grouped }: FunnelPart): Generator<number, PackedFunnel, void> {
  const packedTimes: (readonly SortedNumbers[])[] = [];
  for (const lists of times) packedTimes.push(yield* packEach(lists));
  const packed: PackedJourneys[] = [];
  for (const { values, groups, journeys } of grouped) {
    const { depths: ofEach, lengths, times: since } = journeys;
    const packedValues = yield* packValues(values.length, (i) => values[i]);
    packed.push({ values: packedValues, groups, journeys: { depths: ofEach, lengths, times: since } });
  }
  return { depths, times: packedTimes, grouped: packed };
}

function* unpack({ depths, times, grouped }: PackedFunnel): Generator<number, FunnelPart, void> {
  const unpacked: GroupedJourneys[] = [];
  for (const { values, groups, journeys } of grouped) {
    unpacked.push({ values: yield* unpackValues(values), groups, journeys });
  }
  return { depths, times, grouped: unpacked };
}
