/** Answers that are more than a set, against the naive model. */

import type { Engine } from '../../src/engine/engine.ts';
import type {
  BreakdownBody,
  BreakdownRequest,
  FunnelBody,
  OverlapBody,
  RetentionBody,
  RfmBody,
  RfmRequest,
} from '../../src/model/analysis.ts';
import { EngineError } from '../../src/model/error.ts';
import type { QueryRequest } from '../../src/model/query.ts';
import { canonicalText } from './canonical.ts';
import type { Analysis } from './generate/analysis.ts';
import { breakdown } from './naive/breakdown.ts';
import type { Moment } from './naive/event-choice.ts';
import { funnel } from './naive/funnel.ts';
import type { NaiveModel } from './naive/naive-model.ts';
import { overlap } from './naive/overlap.ts';
import type { NaiveProfile } from './naive/profile.ts';
import { retention } from './naive/retention.ts';
import { naiveRfm } from './naive/rfm.ts';
import { mayAnalysisBeRefused } from './unsupported.ts';

/** Members of an RFM answer are taken in pages of so many. */
const MEMBERS_LIMIT = 2;

/** `unsupported` when the engine refuses what it may refuse; undefined when it agrees. */
export async function compareAnalysis(
  engine: Engine,
  naive: NaiveModel,
  analysis: Analysis,
  moment: Moment,
  options: Pick<QueryRequest, 'optimizer'> = {},
): Promise<string | undefined> {
  const request: QueryRequest = { ...analysis, ...options };
  try {
    const answer =
      analysis.rfm === undefined ? await engine.query(request) : await withMembers(engine, request, analysis.rfm);
    const hits = analysis.where === undefined ? undefined : naive.query(analysis.where, moment);
    const profiles = naive.profilesAt(moment.atMs).filter(({ id }) => hits?.has(id) ?? true);
    return differenceOf(analysis, answer, profiles, moment);
  } catch (error) {
    const isRefused = error instanceof EngineError && error.code === 'query_unsupported';
    if (isRefused && mayAnalysisBeRefused(analysis, moment.segments ?? new Map())) return 'unsupported';
    throw error;
  }
}

/** The answer with all pages of members in one list. */
async function withMembers(engine: Engine, request: QueryRequest, rfm: RfmRequest): Promise<RfmBody> {
  const members: NonNullable<RfmBody['members']>[number][] = [];
  let cursor: string | undefined;
  let body: RfmBody;
  do {
    const page = { limit: MEMBERS_LIMIT, ...(cursor === undefined ? {} : { cursor }) };
    body = (await engine.query({ ...request, rfm: { ...rfm, members: page } })) as RfmBody;
    members.push(...(body.members ?? []));
    cursor = body.cursor;
  } while (cursor !== undefined);
  return { ...body, members };
}

function differenceOf(
  request: Analysis,
  answer: unknown,
  profiles: readonly NaiveProfile[],
  moment: Moment,
): string | undefined {
  if (request.breakdown !== undefined) {
    return breakdownDifference(request.breakdown, answer as BreakdownBody, profiles, moment);
  }
  if (request.funnel !== undefined) {
    const { steps, groups, rest } = answer as FunnelBody;
    return unequal({ steps, groups, rest }, funnel(request.funnel, profiles, moment));
  }
  if (request.retention !== undefined) {
    const { cohorts } = answer as RetentionBody;
    return unequal({ cohorts }, retention(request.retention, profiles, moment));
  }
  if (request.overlap !== undefined) {
    const { segments, pairs } = answer as OverlapBody;
    return unequal({ segments, pairs }, overlap(request.overlap, profiles, moment));
  }
  if (request.rfm === undefined) return 'an analysis without a body';
  return unequal(sortedRfm(answer as RfmBody), sortedRfm(naiveRfm(request.rfm, profiles, moment)));
}

function unequal(actual: unknown, expected: unknown): string | undefined {
  const [said, wanted] = [canonicalText(actual), canonicalText(expected)];
  return said === wanted ? undefined : `engine ${said}, naive ${wanted}`;
}

/** Groups in their order; of a value that may be one of several, any will do. */
function breakdownDifference(
  request: BreakdownRequest,
  { groups, rest, total }: BreakdownBody,
  profiles: readonly NaiveProfile[],
  moment: Moment,
): string | undefined {
  const expected = breakdown(request, profiles, moment);
  const wanted = { ...expected, groups: expected.groups.map(({ oneOf: _, ...group }) => group) };
  const found = unequal({ groups: groups.map(({ value: _, ...group }) => group), rest, total }, wanted);
  if (found !== undefined || request.aggregate === undefined) return found;
  for (const [i, { oneOf = [], values }] of expected.groups.entries()) {
    const value = groups[i].value ?? null;
    if (!oneOf.some((each) => canonicalText(each) === canonicalText(value)))
      return `value ${JSON.stringify(value)} instead of ${JSON.stringify(oneOf)} of ${JSON.stringify(values)}`;
  }
  return undefined;
}

/** In no order, and without cells of nobody. */
function sortedRfm({ customers, orders, revenue, thresholds, cells, scores, members = [] }: RfmBody) {
  const sorted = (list: readonly object[]): readonly string[] =>
    list
      .filter((each) => !('count' in each) || each.count !== 0)
      .map(canonicalText)
      .sort();
  return {
    customers,
    orders,
    revenue,
    thresholds,
    cells: sorted(cells),
    scores: sorted(scores),
    members: sorted(members),
  };
}
