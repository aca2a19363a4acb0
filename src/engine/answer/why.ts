/** Why somebody fits a condition or does not, and until when: one profile, at once on this thread, at the moment of the call. */

import { assert } from '../../base/assert.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression } from '../../model/expression.ts';
import type { Identifier } from '../../model/profile.ts';
import type { WhyAnswer, WhyOptions } from '../../model/segment.ts';
import type { Membership, Memberships } from '../../query/binder/membership.ts';
import { explain } from '../../query/evaluation/why.ts';
import { checkRequest } from '../../query/parser/check-request.ts';
import type { Router } from '../../router/router.ts';
import type { Clock } from '../../runtime/clock.ts';
import { leavesOf } from '../account/account-conditions.ts';
import type { AccountService } from '../account/account-service.ts';
import { looksAtClock } from '../account/clock-condition.ts';
import type { QuestionReader } from '../question-reader.ts';
import { expandSegments, type SegmentDefinitions } from '../segment-expansion.ts';

export interface WhyParts {
  readonly router: Router;
  readonly clock: Clock;
  readonly reader: QuestionReader;
  readonly segments: SegmentDefinitions;
  readonly accounts: AccountService;
}

/** Undefined when nobody has the identifier. Errors: those of the condition, as of a query. */
export async function answerWhy(
  identifier: Identifier,
  where: Expression | string,
  options: WhyOptions,
  { router, clock, reader, segments, accounts }: WhyParts,
): Promise<WhyAnswer | undefined> {
  // Looks at everything below saved segments too: all are known, none reaches itself, the whole is of bounded size.
  const { warnings } = reader.read({ where, strict: options.strict });
  const { where: expression } = checkRequest({ where });
  assert(expression !== undefined, 'a condition that was read');
  const memberships = await accountAnswers(expression, segments, accounts, clock);
  const address = router.locate(identifier);
  if (address === undefined) return undefined;
  const { shard, row } = address;
  const nowMs = clock.nowMs();
  const definition = (key: string): Expression => {
    const found = segments.definition(key);
    assert(found !== undefined, 'the reader has looked for every segment');
    return found;
  };
  const why = explain(expression, { data: shard.data, row, nowMs, memberships, definition });
  return {
    id: shard.renderer.idOf(row),
    isMember: why.isTrue,
    changesAt: why.changesAt,
    why,
    at: formatIsoDate(nowMs),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/**
 * Conditions on accounts are answered first, over everybody: the one profile does not tell. When they change by themselves is not looked for, so
 * those that may are refused. Errors: query_unsupported.
 */
async function accountAnswers(
  expression: Expression,
  segments: SegmentDefinitions,
  accounts: AccountService,
  clock: Clock,
): Promise<Memberships | undefined> {
  const leaves = leavesOf(expression, (key) => segments.definition(key));
  if (leaves.length === 0) return undefined;
  const whole = leaves.map((leaf) => expandSegments(leaf, segments));
  if (whole.some(looksAtClock)) {
    throw new EngineError(
      'query_unsupported',
      'why is not answered for a condition on accounts in which time alone changes something: leave windows and relative dates out of it',
      { details: { construct: 'why with account and clock' } },
    );
  }
  const options = await accounts.prepared(whole, { nowMs: clock.nowMs() });
  return new Map(leaves.map((leaf, i): [Expression, Membership] => [leaf, options!.memberships!.get(whole[i])!]));
}
