/** What the embedded engine says of itself where a cluster is asked for. */
import { expect, test } from 'vitest';
import { open } from '../../../src/engine/open.ts';
import { clusterView } from '../../../src/server/openapi/cluster-schema.ts';

test('every slot belongs to one of its shards, all in this process', async () => {
  const engine = await open({ data: ':memory:', shards: 3, workers: 1 });
  await engine.ingest([{ type: 'track', userId: 'u1', event: 'E' }]);
  const view = clusterView.parse(engine.cluster());
  expect(view).toMatchObject({ mode: 'embedded', slots: 1_024, epoch: 1, routers: [] });
  expect(view.shards.map(({ pid }) => pid)).toEqual([process.pid, process.pid, process.pid]);
  expect(view.shards.flatMap(({ slotRanges }) => slotRanges)).toEqual([
    [0, 341],
    [342, 682],
    [683, 1_023],
  ]);
  expect(view.shards.map(({ slotCount }) => slotCount)).toEqual([342, 341, 341]);
  expect(view.shards.reduce((sum, { events = 0 }) => sum + events, 0)).toBe(1);
  const closing = engine.close();
  expect(engine.cluster().shards[0].state).toBe('stopping');
  await closing;
});

test('a question that allows a partial answer gets a whole one', async () => {
  const engine = await open({ data: ':memory:', shards: 2, workers: 1 });
  await engine.ingest([{ type: 'identify', userId: 'u1' }]);
  const answer = await engine.query({ as: 'count', partial: true });
  expect(answer).toMatchObject({ count: 1 });
  expect(answer).not.toHaveProperty('missing');
  await engine.close();
});
