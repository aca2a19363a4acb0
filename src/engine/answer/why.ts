/** Why somebody fits a condition or does not, and until when: one profile, at once on this thread, at the moment of the call. */

import { assert } from '../../base/assert.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import type { Identifier } from '../../model/profile.ts';
import type { Expression } from '../../model/query.ts';
import type { WhyAnswer, WhyOptions } from '../../model/segment.ts';
import { explain } from '../../query/evaluation/why.ts';
import { checkRequest } from '../../query/parser/check-request.ts';
import type { Router } from '../../router/router.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { QuestionReader } from '../question-reader.ts';
import type { SegmentDefinitions } from '../segment-expansion.ts';

export interface WhyParts {
  readonly router: Router;
  readonly clock: Clock;
  readonly reader: QuestionReader;
  readonly segments: SegmentDefinitions;
}

/** Undefined when nobody has the identifier. Errors: those of the condition, as of a query. */
export function answerWhy(
  identifier: Identifier,
  where: Expression | string,
  options: WhyOptions,
  { router, clock, reader, segments }: WhyParts,
): WhyAnswer | undefined {
  // Looks at everything below saved segments too: all are known, none reaches itself, the whole is of bounded size.
  const { warnings } = reader.read({ where, strict: options.strict });
  const { where: expression } = checkRequest({ where });
  assert(expression !== undefined, 'a condition that was read');
  const address = router.locate(identifier);
  if (address === undefined) return undefined;
  const { shard, row } = address;
  const nowMs = clock.nowMs();
  const definition = (key: string): Expression => {
    const found = segments.definition(key);
    assert(found !== undefined, 'the reader has looked for every segment');
    return found;
  };
  const why = explain(expression, { data: shard.data, row, nowMs, definition });
  return {
    id: shard.renderer.idOf(row),
    isMember: why.isTrue,
    changesAt: why.changesAt,
    why,
    at: formatIsoDate(nowMs),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}
