/** Ends other than a kill under load: SIGTERM, a full disk, a damaged checkpoint, a second process on the folder. */
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KithProcess, temporaryFolder } from '../process/kith-process.ts';
import { randomOf, testSeed } from '../process/seed.ts';
import { Sender, type Wire } from './sender.ts';
import { judge } from './verdict.ts';

function sendersOf(seed: number): Sender[] {
  const random = randomOf(seed);
  return (['msgpack', 'json', 'http'] as const).map(
    (wire: Wire) => new Sender({ name: wire, wire, random: random.fork() }),
  );
}

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

  it('during recovery ends the process as well', async () => {
    const data = temporaryFolder();
    const kith = KithProcess.spawn({ data });
    await kith.listening;
    kith.signal('SIGTERM');
    kith.signal('SIGTERM');
    kith.signal('SIGINT');
    expect((await kith.ended).signal).toBeNull();
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
  const damages: readonly (readonly [name: string, damage: (path: string, seed: number) => void])[] = [
    ['its folder removed', (path) => rmSync(path, { recursive: true })],
    ['its file removed', (path) => rmSync(join(path, 'data.mdb'))],
    ['its file emptied', (path) => truncateSync(join(path, 'data.mdb'), 0)],
    ['its file cut to one page', (path) => truncateSync(join(path, 'data.mdb'), 4096)],
    [
      'its file cut in the middle',
      (path) => truncateSync(join(path, 'data.mdb'), Math.floor(sizeOf(path) / 8192) * 4096),
    ],
    ['its first pages zeroed', (path) => overwrite(path, 0, Buffer.alloc(8192))],
    ['its first pages scrambled', (path, seed) => overwrite(path, 0, randomOf(seed).bytes(8192))],
  ];

  it('is made up for by the log, as long as the log is whole', async () => {
    const data = temporaryFolder();
    const senders = sendersOf(testSeed('checkpoint gone, log whole'));
    const kith = await KithProcess.start({ data });
    await Promise.all(senders.map((sender) => sender.run(kith.url, 10)));
    const hash = await kith.stateHash();
    await kith.kill();
    for (const [name, damage] of damages) {
      damage(join(data, 'shard-0', 'checkpoint'), 1);
      const again = KithProcess.spawn({ data });
      const isListening = await Promise.race([again.listening.then(() => true), again.ended.then(() => false)]);
      if (!isListening) {
        // A file that is none of ours any more: told, not guessed at. Removing it is the way out.
        const ended = await again.ended;
        expect({ name, ...ended }).toEqual({ name, code: 1, signal: null });
        expect(again.stderr).toContain('checkpoint');
        rmSync(join(data, 'shard-0', 'checkpoint'), { recursive: true });
        continue;
      }
      expect({ name, hash: await again.stateHash() }).toEqual({ name, hash });
      await again.kill();
    }
    const last = await KithProcess.start({ data });
    expect(await last.stateHash()).toBe(hash);
    await judge(last, senders);
  });

  it('that the log no longer covers is told, and nothing is served in its place', async () => {
    const data = temporaryFolder();
    const seed = testSeed('checkpoint damaged');
    const senders = sendersOf(seed);
    const kith = await KithProcess.start({ data });
    await Promise.all(senders.map((sender) => sender.run(kith.url, 10)));
    expect((await kith.post('/v1/admin/checkpoint', '')).status).toBe(200);
    await Promise.all(senders.map((sender) => sender.run(kith.url, 2)));
    await kith.kill();
    for (const [name, damage] of damages) {
      const copy = temporaryFolder();
      cpSync(data, copy, { recursive: true });
      damage(join(copy, 'shard-0', 'checkpoint'), seed);
      const again = KithProcess.spawn({ data: copy });
      const started = again.listening.then(() => 'started');
      const ended = await Promise.race([started, again.ended]);
      expect({ name, ended }).toEqual({ name, ended: { code: 1, signal: null } });
      expect({ name, stderr: again.stderr }).toEqual({
        name,
        stderr: expect.stringMatching(/shard-0\/(log|checkpoint)/),
      });
    }
    const whole = await KithProcess.start({ data });
    await judge(whole, senders);
  });
});

function sizeOf(path: string): number {
  return readFileSync(join(path, 'data.mdb')).length;
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = join(path, 'data.mdb');
  const content = readFileSync(file);
  bytes.copy(content, at, 0, Math.min(bytes.length, content.length - at));
  writeFileSync(file, content);
}
