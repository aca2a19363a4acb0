/** Lists of ids as JSON bytes and as texts: the same ids in the same order, however they are cut into slices. */
import { expect, it } from 'vitest';
import { idsJson, idTexts, type ShardRows } from '../../../../src/engine/answer/id-list.ts';
import { ProfileRenderer } from '../../../../src/profile/profile-renderer.ts';
import type { Shard } from '../../../../src/shard/shard.ts';
import { identify, World } from '../../query/execution/world.ts';

const ODD = ['a"b', 'b\\c', 'ü\n', '😀', ' ', 'x'.repeat(500), '\u0000', '{"ids":[1]}'];

function listOf(prefix: string, count: number): { readonly list: ShardRows; readonly ids: readonly string[] } {
  const ids = Array.from({ length: count }, (_, i) => `${prefix}${i}${ODD[i % ODD.length]}`);
  const world = new World();
  world.apply(ids.map((id) => identify(id, {})));
  const shard = { data: world.data, renderer: new ProfileRenderer(world.data) } as unknown as Shard;
  return { list: { shard, rows: Uint32Array.from(ids, (_, row) => row) }, ids };
}

it.each([
  [0, 0],
  [1, 0],
  [0, 3],
  [5_000, 4_000],
  [2_000, 0],
])('%d and %d ids of two shards', async (first, second) => {
  const [a, b] = [listOf('a', first), listOf('b', second)];
  const lists = [a.list, b.list];
  let turns = 0;
  const nextTurn = async (): Promise<void> => {
    turns += 1;
  };
  const pieces: Buffer[] = [];
  for await (const piece of idsJson(lists, { tookMs: 1 }, nextTurn)) pieces.push(Buffer.from(piece));
  const expected = [...a.ids, ...b.ids];
  expect(JSON.parse(Buffer.concat(pieces).toString('utf8'))).toEqual({ ids: expected, tookMs: 1 });
  expect(pieces.every(({ length }) => length < 70_000)).toBe(true);
  expect(turns).toBe(pieces.length - 1);
  expect(await idTexts(lists, nextTurn)).toEqual(expected);
});
