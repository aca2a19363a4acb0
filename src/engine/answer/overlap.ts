/** How many profiles conditions share: all pairs, at one instant per shard. */
import type { OverlapBody } from '../../model/analysis.ts';
import { captureOverlap } from '../../query/execution/overlap.ts';
import type { Question } from './question.ts';

export async function answerOverlap(question: Question): Promise<OverlapBody> {
  const { segments } = question.request.overlap!;
  const expressions = segments.map(({ where }) => where);
  const parts = await question.ask((instant) => captureOverlap(instant, expressions));
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
