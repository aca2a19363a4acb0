/** How many profiles conditions share: all pairs, at one instant per shard. */
import type { OverlapBody } from '../../model/analysis.ts';
import { captureOverlap, type OverlapPart } from '../../query/execution/overlap.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { AskedQuestion } from './asked-question.ts';
import { type PartKind, plainKind } from './part-kind.ts';

export function overlapKind({ overlap }: CheckedRequest): PartKind<OverlapPart, OverlapPart> {
  const expressions = overlap!.segments.map(({ where }) => where);
  return plainKind((instant) => captureOverlap(instant, expressions));
}

export function answerOverlap(question: AskedQuestion): Promise<OverlapBody> {
  const { segments } = question.request.overlap!;
  return question.gather(overlapKind(question.request), (parts) => bodyOf(segments, parts));
}

function bodyOf(segments: readonly { readonly name: string }[], parts: readonly OverlapPart[]): OverlapBody {
  const counts = segments.map((_, s) => parts.reduce((sum, part) => sum + part.counts[s], 0));
  const pairs: OverlapBody['pairs'][number][] = [];
  for (let a = 0; a < segments.length; a++) {
    for (let b = a + 1; b < segments.length; b++) {
      const pair = pairs.length;
      const both = parts.reduce((sum, part) => sum + part.both[pair], 0);
      const either = counts[a] + counts[b] - both;
      pairs.push({
        a: segments[a].name,
        b: segments[b].name,
        both,
        onlyA: counts[a] - both,
        onlyB: counts[b] - both,
        jaccard: either === 0 ? 0 : both / either,
      });
    }
  }
  return { segments: segments.map(({ name }, s) => ({ name, count: counts[s] })), pairs };
}
