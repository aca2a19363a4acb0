import { expect, test } from 'vitest';
import { type RouterView, type ShardView, type SlotMove, slotRanges } from '../../../src/model/cluster.ts';
import { clusterView } from '../../../src/server/openapi/cluster-schema.ts';

test.each<[readonly number[], [number, number][]]>([
  [[], []],
  [[0], [[0, 0]]],
  [[7], [[7, 7]]],
  [[0, 1, 2, 3, 4, 5, 6, 7], [[0, 7]]],
  [
    [1, 2, 4, 6, 7],
    [
      [1, 2],
      [4, 4],
      [6, 7],
    ],
  ],
])('the slots %j are the ranges %j', (slots, ranges) => {
  expect(slotRanges(8, (slot) => slots.includes(slot))).toEqual(ranges);
});

test('the schema of the answer takes all that a view may hold', () => {
  // `Required`: a field that is new to the view must be new to the schema.
  const shard: Required<ShardView> = {
    index: 0,
    pid: 12,
    address: 'http://127.0.0.1:8081',
    state: 'up',
    slotCount: 1_024,
    slotRanges: [[0, 1_023]],
    restarts: 1,
    profiles: 2,
    events: 3,
    memoryBytes: 4,
    appliedSeq: 5,
    durableSeq: 5,
    eventsPerSecond: 0.5,
    lookupsPerSecond: 7,
    isCrashLooping: false,
    note: 'busy',
  };
  const router: Required<RouterView> = {
    pid: 13,
    state: 'up',
    restarts: 0,
    memoryBytes: 9,
    queriesPerSecond: 0.5,
    isCrashLooping: true,
    note: '',
  };
  const move: Required<SlotMove> = { from: 0, to: 1, slotRanges: [[3, 4]], stage: 'copy', done: 1, total: 2 };
  const view = { mode: 'cluster', slots: 1_024, epoch: 2, shards: [shard], routers: [router], move };
  expect(clusterView.parse(view)).toEqual(view);
});
