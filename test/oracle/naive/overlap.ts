/** Sizes of several conditions and of their pairs. */
import type { OverlapBody, OverlapRequest } from '../../../src/model/analysis.ts';
import type { Expression } from '../../../src/model/expression.ts';
import { evaluate } from './evaluator.ts';
import type { Moment } from './event-choice.ts';
import type { NaiveProfile } from './profile.ts';

export function overlap({ segments }: OverlapRequest, profiles: readonly NaiveProfile[], moment: Moment): OverlapBody {
  const sets = segments.map((each) => {
    const name = typeof each === 'string' ? each : each.name;
    const where: Expression = typeof each === 'string' ? { segment: each } : (each.where as Expression);
    return { name, members: new Set(profiles.filter((profile) => evaluate(where, profile, moment))) };
  });
  return {
    segments: sets.map(({ name, members }) => ({ name, count: members.size })),
    pairs: sets.flatMap((a, i) =>
      sets.slice(i + 1).map((b) => {
        const both = [...a.members].filter((profile) => b.members.has(profile)).length;
        const either = a.members.size + b.members.size - both;
        return {
          a: a.name,
          b: b.name,
          both,
          onlyA: a.members.size - both,
          onlyB: b.members.size - both,
          jaccard: either === 0 ? 0 : both / either,
        };
      }),
    ),
  };
}
