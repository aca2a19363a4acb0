/**
 * Pages of ids and of profiles, in the order of shards and rows: rows never move, so pages hold under writes. A profile that
 * stays in the segment is met exactly once, however many pages are taken while others come and go.
 */
import { EngineError } from '../../model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../model/limits.ts';
import type { IdsBody, ProfilesBody } from '../../model/query.ts';
import { allEnded } from '../../query/execution/shard-query.ts';
import { decodeCursor, encodeCursor } from '../query-cursor.ts';
import type { AskedQuestion } from './asked-question.ts';
import { type IdList, idTexts } from './id-list.ts';
import { allotted, type Run, type Selection, selectionKind } from './selection.ts';

const DEFAULT_IDS_LIMIT = 1_000;
const DEFAULT_PROFILES_LIMIT = 100;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor: string | undefined;
}

export async function answerIds(question: AskedQuestion): Promise<IdsBody> {
  const { items, cursor } = await selectIds(question);
  const ids = await idTexts(items, () => question.yieldTurn());
  return { ids, ...(cursor === undefined ? {} : { cursor }) };
}

export function selectIds(question: AskedQuestion): Promise<Page<IdList>> {
  return pageOf(question, DEFAULT_IDS_LIMIT, (selection, limit) => selection.ids(limit));
}

export async function answerProfiles(question: AskedQuestion): Promise<ProfilesBody> {
  const page = await pageOf(question, DEFAULT_PROFILES_LIMIT, (selection, limit) => selection.profiles(limit));
  const { items: profiles, cursor } = page;
  return { profiles, ...(cursor === undefined ? {} : { cursor }) };
}

function pageOf<Item>(
  question: AskedQuestion,
  defaultLimit: number,
  take: (selection: Selection, limit: number) => Promise<Run<readonly Item[]>>,
): Promise<Page<Item>> {
  const { request } = question;
  const limit = request.limit ?? defaultLimit;
  if (limit > DEFAULT_QUERY_LIMITS.pageLimit) {
    throw new EngineError(
      'query_invalid',
      `limit may be at most ${DEFAULT_QUERY_LIMITS.pageLimit}; use the cursor for more`,
    );
  }
  decodeCursor(request.cursor, question.shardCount);
  const kind = selectionKind(request, () => question.yieldTurn());
  return question.gather(kind, async (selections) => {
    const asked = allotted(selections, limit);
    const runs = await allEnded(asked.map((each) => take(each.of, each.limit)));
    const row = runs.at(-1)?.next;
    const cursor = row === undefined ? undefined : encodeCursor({ shardIndex: asked.at(-1)!.of.shardIndex, row });
    return { items: runs.flatMap(({ items }) => items), cursor };
  });
}
