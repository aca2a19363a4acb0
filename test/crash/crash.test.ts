/** A few kills of the whole product; `crash.slow.test.ts` has hundreds. */
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../process/kith-process.ts';
import { testSeed } from '../process/seed.ts';
import { runCampaign } from './campaign.ts';

describe('kith serve, killed', () => {
  it.each([
    [1, 2],
    [4, 3],
  ])('has everything acknowledged exactly once, with %i shard(s)', async (shardCount, roundCount) => {
    const report = await runCampaign({
      seed: testSeed(`crash, ${shardCount} shard(s)`),
      data: temporaryFolder(),
      shardCount,
      roundCount,
    });
    expect(report.killCount).toBeGreaterThanOrEqual(roundCount);
    expect(report.ackedItemCount).toBeGreaterThan(0);
  });
});
