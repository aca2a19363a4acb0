/**
 * Pages of ids and of profiles, in the order of shards and rows: rows never move, so pages hold under writes. A profile that
 * stays in the segment is met exactly once, however many pages are taken while others come and go.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import { EngineError } from '../../model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../model/limits.ts';
import type { IdsBody, ProfilesBody } from '../../model/query.ts';
import { pastProfile } from '../../profile/history/past-profile.ts';
import { decodeCursor, encodeCursor } from '../query-cursor.ts';
import { idTexts, type ShardRows } from './id-list.ts';
import type { Question } from './question.ts';

const DEFAULT_IDS_LIMIT = 1_000;
const DEFAULT_PROFILES_LIMIT = 100;
/** Rendered profiles between two turns of the event loop. */
const PROFILES_PER_TURN = 256;

/** Rows in the order of shards. */
interface Page {
  readonly lists: readonly ShardRows[];
  readonly cursor: string | undefined;
}

export async function answerIds(question: Question): Promise<IdsBody> {
  const { lists, cursor } = await selectIds(question);
  const ids = await idTexts(lists, () => question.clock.yieldTurn());
  return { ids, ...(cursor === undefined ? {} : { cursor }) };
}

export async function selectIds(question: Question): Promise<Page> {
  return pageOf(question, await question.select(), DEFAULT_IDS_LIMIT);
}

export async function answerProfiles(question: Question): Promise<ProfilesBody> {
  const page = pageOf(question, await question.select(), DEFAULT_PROFILES_LIMIT);
  const { fields, events } = question.request;
  const at = question.options.atMs;
  const profiles: unknown[] = [];
  for (const { shard, rows } of page.lists) {
    for (const row of rows) {
      if (profiles.length > 0 && profiles.length % PROFILES_PER_TURN === 0) await question.clock.yieldTurn();
      if (at !== undefined) {
        const id = shard.renderer.idOf(row);
        // Who fits by what is not there may have been unknown then.
        profiles.push(pastProfile(shard.data, row, id, { fields, events, at }) ?? { id });
        continue;
      }
      shard.renderer.render(row, { fields, events });
      const { bytes, start, end } = shard.renderer;
      profiles.push(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')));
    }
  }
  return { profiles, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
}

function pageOf({ request, shards }: Question, selections: readonly RowSet[], defaultLimit: number): Page {
  const limit = request.limit ?? defaultLimit;
  if (limit > DEFAULT_QUERY_LIMITS.pageLimit) {
    throw new EngineError(
      'query_invalid',
      `limit may be at most ${DEFAULT_QUERY_LIMITS.pageLimit}; use the cursor for more`,
    );
  }
  const from = decodeCursor(request.cursor, shards.length);
  const lists: ShardRows[] = [];
  let room = limit;
  for (let index = from.shardIndex; index < selections.length; index++) {
    const firstRow = index === from.shardIndex ? from.row : 0;
    // One more tells where the next page begins.
    const rows = selections[index].rowsFrom(firstRow, room + 1);
    lists.push({ shard: shards[index], rows: rows.subarray(0, room) });
    if (rows.length > room) return { lists, cursor: encodeCursor({ shardIndex: index, row: rows[room] }) };
    room -= rows.length;
  }
  return { lists, cursor: undefined };
}
