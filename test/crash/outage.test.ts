/** Ends other than a kill under load: SIGTERM, a full disk, a damaged checkpoint, a second process on the folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KithProcess, temporaryFolder } from '../process/kith-process.ts';
import { testSeed } from '../process/seed.ts';
import { DAMAGES, expectRecoveredFromLog, expectTold } from './damage.ts';
import { type Sender, sendersOf } from './sender.ts';
import { judge } from './verdict.ts';

/** Resolves after `count` acks of all senders together. */
function acks(senders: readonly Sender[], count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    for (const sender of senders) {
      sender.onAck = () => {
        left -= 1;
        if (left === 0) resolve();
      };
    }
  });
}

describe('SIGTERM', () => {
  it.each([1, 4])('drains under load, ends with 0 and loses nothing, with %i shard(s)', async (shardCount) => {
    const data = temporaryFolder();
    const flags = ['--shards', String(shardCount)];
    const senders = sendersOf(testSeed('SIGTERM'));
    const kith = await KithProcess.start({ data, flags });
    const enough = acks(senders, 60);
    const sending = Promise.all(senders.map((sender) => sender.run(kith.url)));
    await Promise.race([enough, sending]);
    expect(await kith.stop()).toEqual({ code: 0, signal: null });
    await sending;
    expect(existsSync(join(data, 'lock'))).toBe(false);
    const again = await KithProcess.start({ data, flags });
    await judge(again, senders);
    await Promise.all(senders.map((sender) => sender.run(again.url, 1)));
    await judge(again, senders);
  });

  it('asked for a second time ends the process at once, and what was acknowledged is kept', async () => {
    const data = temporaryFolder();
    const senders = sendersOf(testSeed('second SIGTERM'));
    const kith = await KithProcess.start({ data });
    const enough = acks(senders, 30);
    const sending = Promise.all(senders.map((sender) => sender.run(kith.url)));
    await Promise.race([enough, sending]);
    kith.signal('SIGTERM');
    kith.signal('SIGINT');
    const { code, signal } = await kith.ended;
    expect(signal).toBeNull();
    expect([0, 130]).toContain(code);
    await sending;
    await judge(await KithProcess.start({ data }), senders);
  });
});

describe('a second process on the folder', () => {
  it('is refused with a clear message, and the first goes on', async () => {
    const data = temporaryFolder();
    const first = await KithProcess.start({ data });
    const second = KithProcess.spawn({ data });
    expect((await second.ended).code).toBe(1);
    expect(second.stderr).toContain(`is in use by process ${first.pid}`);
    expect((await first.post('/v1/track', { userId: 'u', event: 'E' })).status).toBe(200);
    // A lock that a kill left behind stops nobody.
    await first.kill();
    const third = await KithProcess.start({ data });
    expect((await third.call('/v1/profiles/u')).json.counts).toEqual({ E: 1 });
  });
});

/**
 * Odd, so that the limit lies inside a page of the database and the write that meets it is cut short, as on most full disks. A write
 * that fails whole makes lmdb 3.5.6 write its message past the end of a buffer (`sprintf` into 100 bytes), which may end the process.
 */
const FULL_DISK_BLOCKS = 16_385;

describe('a full disk', () => {
  it('refuses ingest with storage_failed, answers lookups, and a restart has what was acknowledged', async () => {
    const data = temporaryFolder();
    const text = 'x'.repeat(30_000);
    const batchOf = (n: number): object => ({
      batch: Array.from({ length: 4 }, (_, i) => ({
        type: 'track',
        userId: `u${n % 5}`,
        event: 'Big',
        messageId: `m${n}-${i}`,
        properties: { text, n },
      })),
    });
    const kith = await KithProcess.start({ data, fileBlocksMax: FULL_DISK_BLOCKS });
    let acked = 0;
    let answer = await kith.post('/v1/batch', batchOf(0));
    while (answer.status === 200 && acked < 1_000) {
      acked += 1;
      answer = await kith.post('/v1/batch', batchOf(acked));
    }
    expect(acked).toBeGreaterThan(0);
    for (let again = 0; again < 3; again += 1) {
      expect(answer).toMatchObject({ status: 503, json: { error: { code: 'storage_failed' } } });
      answer = await kith.post('/v1/batch', batchOf(acked));
    }
    expect((await kith.call('/health')).status).toBe(200);
    expect((await kith.call('/v1/profiles/u0')).status).toBe(200);
    const ended = await kith.stop();
    expect({ ...ended, stderr: kith.stderr }).toMatchObject({ code: 1, signal: null });

    const restarted = await KithProcess.start({ data });
    expect((await restarted.post('/v1/batch', batchOf(acked))).status).toBe(200);
    const ids = Array.from({ length: 5 }, (_, n) => `u${n}`);
    const { json } = await restarted.post('/v1/profiles/get', { ids, events: 10_000 });
    const found = json.profiles.flatMap((profile: { events: { messageId: string }[] } | null) =>
      (profile?.events ?? []).map(({ messageId }) => messageId),
    );
    const expected = Array.from({ length: (acked + 1) * 4 }, (_, i) => `m${Math.floor(i / 4)}-${i % 4}`);
    expect(found.sort()).toEqual(expected.sort());
  });
});

describe('a damaged checkpoint', () => {
  // All kinds of damage: outage.slow.test.ts.
  it('is made up for by the log, as long as the log is whole', () => expectRecoveredFromLog(DAMAGES.slice(0, 1)));

  it('that the log no longer covers is told, and nothing is served in its place', () =>
    expectTold(DAMAGES.slice(4, 6)));
});
