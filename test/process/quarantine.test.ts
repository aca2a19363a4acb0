/** Real shards that die of one event: it is refused after the second death, the rest is taken, and an operator can see it and let it go. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../cli/run-command.ts';
import { ADMIN_KEY, type Answer, KithProcess, temporaryFolder } from './kith-process.ts';

const POISON = 'Kills The Shard';
const FLAGS = ['--cluster', '--shards', '2', '--routers', '2'];
const DEADLINE_MS = 60_000;
const PAUSE_MS = 20;

interface Settled {
  accepted: number;
  readonly refused: { readonly code: string; readonly item: unknown }[];
}

/** As SDKs do it: what was refused for now is sent again. */
async function sendUntilSettled(kith: KithProcess, items: readonly unknown[]): Promise<Settled> {
  const settled: Settled = { accepted: 0, refused: [] };
  const endMs = Date.now() + DEADLINE_MS;
  for (let left = items; left.length > 0; ) {
    if (Date.now() > endMs) throw new Error(`${left.length} items are not settled within ${DEADLINE_MS} ms`);
    const answer = await kith.post('/v1/import', { batch: left }).catch((): Answer | undefined => undefined);
    if (answer === undefined || answer.status >= 500) {
      await delay(PAUSE_MS);
      continue;
    }
    expect(answer.status).toBe(200);
    settled.accepted += answer.json.accepted as number;
    const again: unknown[] = [];
    for (const { index, code, retryable } of answer.json.rejected) {
      if (retryable === true) again.push(left[index]);
      else settled.refused.push({ code, item: left[index] });
    }
    left = again;
    if (left.length > 0) await delay(PAUSE_MS);
  }
  return settled;
}

describe('an event that kills its shard', () => {
  it('is quarantined after two deaths, over a restart of the cluster too', async () => {
    const data = temporaryFolder();
    const environment = { NODE_ENV: 'test', KITH_TEST_DIE_ON: POISON };
    let kith = await KithProcess.start({ data, flags: FLAGS, environment });
    const items = Array.from({ length: 400 }, (_, i) => ({
      type: 'track',
      userId: `person-${i % 50}`,
      event: i === 123 ? POISON : 'Seen',
      messageId: `m${i}`,
    }));
    const told = await sendUntilSettled(kith, items);
    expect(told).toEqual({ accepted: 399, refused: [{ code: 'quarantined', item: items[123] }] });
    const { shards, quarantined } = (await kith.call('/v1/cluster')).json;
    expect(shards.map(({ restarts }: { restarts: number }) => restarts).sort()).toEqual([0, 2]);
    expect(quarantined).toBe(1);
    expect((await kith.call('/metrics')).text).toContain('\nkith_quarantined_total 1\n');
    const path = join(data, 'quarantine.ndjson');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const kept = JSON.parse(readFileSync(path, 'utf8'));
    expect(kept).toMatchObject({ kind: 'item', what: 'track', event: POISON, messageId: 'm123' });
    expect(Buffer.from(kept.bytes, 'base64').toString('latin1')).toContain('person-23');
    // Logs name no person.
    expect(kith.stderr).toContain('quarantined');
    expect(kith.stderr).not.toContain('person-23');

    await kith.stop();
    kith = await KithProcess.start({ data, flags: FLAGS });
    expect((await kith.post('/v1/import', { batch: [items[123]] })).json).toMatchObject({
      accepted: 0,
      rejected: [{ code: 'quarantined' }],
    });
    const connection = ['--url', kith.url, '--key', ADMIN_KEY];
    const listed = await runCommand(['cluster', 'quarantine', ...connection]);
    expect(listed.stdout).toContain(kept.hash);
    expect(listed.stdout).toContain(POISON);
    const released = await runCommand(['cluster', 'quarantine', '--release', kept.hash, ...connection]);
    expect([released.stderr, released.stdout]).toEqual(['', `let go: ${kept.hash}\n`]);
    // What it died of was the hook's doing, and that is gone.
    expect(await sendUntilSettled(kith, [items[123]])).toEqual({ accepted: 1, refused: [] });
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('is a hook for tests only', async () => {
    const environment = { NODE_ENV: 'production', KITH_TEST_DIE_ON: POISON };
    const kith = KithProcess.spawn({ data: temporaryFolder(), flags: FLAGS, environment });
    expect((await kith.ended).code).toBe(1);
    expect(kith.stderr).toContain('KITH_TEST_DIE_ON is for tests');
  });
});
