/**
 * Pages of ids and of profiles, in the order of shards and rows: rows never move, so pages hold under writes. A profile that
 * stays in the segment is met exactly once, however many pages are taken while others come and go.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import { EngineError } from '../../model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../model/limits.ts';
import type { IdsBody, ProfilesBody } from '../../model/query.ts';
import type { Shard } from '../../shard/shard.ts';
import { decodeCursor, encodeCursor } from '../query-cursor.ts';
import type { Question } from './question.ts';

const DEFAULT_IDS_LIMIT = 1_000;
const DEFAULT_PROFILES_LIMIT = 100;
/** Rendered profiles between two turns of the event loop. */
const PROFILES_PER_TURN = 256;

interface Page {
  readonly rows: readonly { readonly shard: Shard; readonly row: number }[];
  readonly cursor: string | undefined;
}

export async function answerIds(question: Question): Promise<IdsBody> {
  const page = pageOf(question, await question.select(), DEFAULT_IDS_LIMIT);
  const ids = page.rows.map(({ shard, row }) => shard.renderer.idOf(row));
  return { ids, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
}

export async function answerProfiles(question: Question): Promise<ProfilesBody> {
  const page = pageOf(question, await question.select(), DEFAULT_PROFILES_LIMIT);
  const options = { fields: question.request.fields, events: question.request.events };
  const profiles: unknown[] = [];
  for (const { shard, row } of page.rows) {
    if (profiles.length > 0 && profiles.length % PROFILES_PER_TURN === 0) await question.clock.yieldTurn();
    shard.renderer.render(row, options);
    const { bytes, start, end } = shard.renderer;
    profiles.push(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')));
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
  const rows: { shard: Shard; row: number }[] = [];
  for (let index = from.shardIndex; index < selections.length; index++) {
    const shard = shards[index];
    const firstRow = index === from.shardIndex ? from.row : 0;
    const found = selections[index].rowsFrom(firstRow, limit - rows.length + 1);
    for (const row of found) {
      if (rows.length === limit) return { rows, cursor: encodeCursor({ shardIndex: index, row }) };
      rows.push({ shard, row });
    }
  }
  return { rows, cursor: undefined };
}
