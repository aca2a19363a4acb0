/** Which module answers which kind of question. */
import { EngineError } from '../../model/error.ts';
import type { ResultKind } from '../../model/query.ts';
import { answerAggregate } from './aggregate.ts';
import type { Answerer } from './asked-question.ts';
import { answerBreakdown } from './breakdown.ts';
import { answerCount } from './count.ts';
import { answerFunnel } from './funnel.ts';
import { answerOverlap } from './overlap.ts';
import { answerIds, answerProfiles } from './page.ts';
import { answerRetention } from './retention.ts';
import { answerRfm } from './rfm.ts';

const ANSWERERS: Readonly<Partial<Record<ResultKind, Answerer>>> = {
  count: answerCount,
  ids: answerIds,
  profiles: answerProfiles,
  aggregate: answerAggregate,
  breakdown: answerBreakdown,
  retention: answerRetention,
  rfm: answerRfm,
  overlap: answerOverlap,
  funnel: answerFunnel,
};

/** Errors: query_unsupported. */
export function answererOf(kind: ResultKind): Answerer {
  const answerer = ANSWERERS[kind];
  if (answerer !== undefined) return answerer;
  throw new EngineError('query_unsupported', `"as": "${kind}" is not supported yet`);
}
