/** Hundreds of kills of the whole product under load, at random moments. */
import { expect, it } from 'vitest';
import { temporaryFolder } from '../process/kith-process.ts';
import { testSeed } from '../process/seed.ts';
import { type CampaignReport, runCampaign } from './campaign.ts';

const ROUND_COUNT = 14;
const CAMPAIGNS = [
  { shardCount: 1, flags: [] },
  { shardCount: 4, flags: [] },
  { shardCount: 1, flags: ['--commit-delay-ms', '20'] },
  { shardCount: 4, flags: ['--commit-delay-ms', '20'] },
  { shardCount: 4, flags: ['--checkpoint-interval', '1s'] },
  { shardCount: 3, flags: ['--commit-delay-ms', '0'] },
  { shardCount: 1, flags: ['--checkpoint-interval', '0s'] },
  { shardCount: 4, flags: ['--checkpoint-interval', '0s'] },
  { shardCount: 16, flags: [] },
  { shardCount: 2, flags: [] },
];

it('has everything acknowledged exactly once after each of hundreds of kills', async () => {
  const seed = testSeed('crash');
  const reports: CampaignReport[] = [];
  for (const [index, { shardCount, flags }] of CAMPAIGNS.entries()) {
    const data = temporaryFolder();
    reports.push(await runCampaign({ seed: seed + index, data, shardCount, flags, roundCount: ROUND_COUNT }));
  }
  const sum = (of: (report: CampaignReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const killCount = sum((report) => report.killCount);
  console.log(
    `${killCount} kills, ${sum((report) => report.recoveryKillCount)} of them before the server listened, ` +
      `${sum((report) => report.checkpointKillCount)} during a checkpoint; ` +
      `${sum((report) => report.ackedItemCount)} items acknowledged, ${sum((report) => report.resentBatchCount)} batches sent again`,
  );
  expect(killCount).toBeGreaterThanOrEqual(200);
}, 3_600_000);
