/** A checkpoint that is damaged on disk: the log makes up for it, or the start is refused in clear words. */
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { KithProcess, temporaryFolder } from '../process/kith-process.ts';
import { randomOf, testSeed } from '../process/seed.ts';
import { sendersOf } from './sender.ts';
import { judge } from './verdict.ts';

/** What it is, and the deed; `path` is the folder of the checkpoint's database. */
export type Damage = readonly [name: string, damage: (path: string, seed: number) => void];

export const DAMAGES: readonly Damage[] = [
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

/** The log is whole: whatever became of the checkpoint, nothing is lost. */
export async function expectRecoveredFromLog(damages: readonly Damage[]): Promise<void> {
  const data = temporaryFolder();
  const senders = sendersOf(testSeed('checkpoint gone, log whole'));
  const kith = await KithProcess.start({ data });
  await Promise.all(senders.map((sender) => sender.run(kith.url, 10)));
  const hash = await kith.stateHash();
  await kith.kill();
  for (const [name, damage] of damages) {
    const copy = temporaryFolder();
    cpSync(data, copy, { recursive: true });
    const checkpoint = join(copy, 'shard-0', 'checkpoint');
    damage(checkpoint, 1);
    let again = KithProcess.spawn({ data: copy });
    const ended = await Promise.race([again.listening.then(() => undefined), again.ended]);
    if (ended !== undefined) {
      // A file that is none of ours any more: told, not guessed at. Removing it is the way out.
      expect({ name, ...ended }).toEqual({ name, code: 1, signal: null });
      expect(again.stderr).toContain(checkpoint);
      rmSync(checkpoint, { recursive: true });
      again = await KithProcess.start({ data: copy });
    }
    expect({ name, hash: await again.stateHash() }).toEqual({ name, hash });
    await again.kill();
  }
  const last = await KithProcess.start({ data });
  expect(await last.stateHash()).toBe(hash);
  await judge(last, senders);
}

/** The log begins behind the checkpoint: without it nothing is served. */
export async function expectTold(damages: readonly Damage[]): Promise<void> {
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
}

function sizeOf(path: string): number {
  return readFileSync(join(path, 'data.mdb')).length;
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = join(path, 'data.mdb');
  const content = readFileSync(file);
  bytes.copy(content, at, 0, Math.min(bytes.length, content.length - at));
  writeFileSync(file, content);
}
