/** A few kills of the whole product; `crash.slow.test.ts` has hundreds. */
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../process/kith-process.ts';
import { testSeed } from '../process/seed.ts';
import { runCampaign } from './campaign.ts';

describe('kith serve, killed', () => {
  it.each([1, 4])('has everything acknowledged exactly once, with %i shard(s)', async (shardCount) => {
    const report = await runCampaign({
      seed: testSeed(`crash, ${shardCount} shard(s)`),
      data: temporaryFolder(),
      shardCount,
      roundCount: 3,
    });
    expect(report.killCount).toBeGreaterThanOrEqual(3);
    expect(report.ackedItemCount).toBeGreaterThan(0);
  });
});
