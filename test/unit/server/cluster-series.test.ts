import { describe, expect, it } from 'vitest';
import type { ClusterView } from '../../../src/model/cluster.ts';
import { clusterLines } from '../../../src/server/metrics/cluster-series.ts';

const VIEW: ClusterView = {
  mode: 'cluster',
  slots: 1_024,
  epoch: 12,
  shards: [
    { index: 0, pid: 5, address: '', state: 'up', slotCount: 1_000, slotRanges: [], restarts: 2, memoryBytes: 77 },
    { index: 1, pid: 0, address: '', state: 'down', slotCount: 24, slotRanges: [], restarts: 9, isCrashLooping: true },
  ],
  routers: [{ pid: 6, state: 'starting', restarts: 1 }],
};

describe('series of a cluster', () => {
  it('tell shards and routers, and leave out what is not known', async () => {
    const lines = (await clusterLines(() => Promise.resolve(VIEW))).split('\n').filter((line) => !line.startsWith('#'));
    expect(lines).toEqual(
      expect.arrayContaining([
        'kith_cluster_epoch 12',
        'kith_shard_up{shard="0"} 1',
        'kith_shard_up{shard="1"} 0',
        'kith_shard_crash_looping{shard="1"} 1',
        'kith_shard_restarts_total{shard="1"} 9',
        'kith_shard_resident_memory_bytes{shard="0"} 77',
        'kith_router_up{router="0"} 0',
        'kith_router_restarts_total{router="0"} 1',
      ]),
    );
    expect(lines.filter((line) => line.startsWith('kith_shard_resident_memory_bytes'))).toHaveLength(1);
  });

  it('are none in one process, and none when nobody can be asked', async () => {
    expect(await clusterLines(() => ({ ...VIEW, mode: 'embedded' }))).toBe('');
    expect(await clusterLines(() => Promise.reject(new Error('the supervisor is gone')))).toBe('');
  });
});
