/** What fills the process up: memory and names. Ingest is refused, the rest goes on. */
import { describe, expect, it } from 'vitest';
import { KithProcess, temporaryFolder } from '../process/kith-process.ts';
import { formFlags } from '../process/server-form.ts';
import { explodeNames } from './name-explosion.ts';
import { expectRefused } from './steady.ts';

describe('the memory limit', () => {
  it('refuses ingest with Retry-After; lookups, queries and restarts go on', async () => {
    const data = temporaryFolder();
    const flags = formFlags(2, ['--memory-limit', '64MB']);
    const kith = await KithProcess.start({ data, flags });
    const text = 'memory '.repeat(8_000);
    let sent = 0;
    let answer = await kith.post('/v1/batch', batchOf(sent, text));
    while (answer.status === 200 && sent < 1_000) {
      sent += 1;
      answer = await kith.post('/v1/batch', batchOf(sent, text));
    }
    expectRefused(answer, ['memory_limit']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    const beforeBytes = kith.memoryBytes();
    for (let again = 0; again < 20; again += 1) {
      expectRefused(await kith.post('/v1/batch', batchOf(sent + again, text)), ['memory_limit']);
      expect((await kith.call('/v1/profiles/u0?events=1')).status).toBe(200);
    }
    expect(kith.memoryBytes() - beforeBytes).toBeLessThan(128 * 2 ** 20);
    expect((await kith.call('/health')).status).toBe(200);
    expect((await kith.post('/v1/query', { where: 'did "Big"', as: 'count' })).json.count).toBeGreaterThan(0);
    expect((await kith.post('/v1/admin/checkpoint', '')).status).toBe(200);
    const profile = (await kith.call('/v1/profiles/u0?events=1000')).text;
    expect(await kith.stop()).toEqual({ code: 0, signal: null });
    const again = await KithProcess.start({ data, flags });
    expect((await again.call('/v1/profiles/u0?events=1000')).text).toBe(profile);
    expectRefused(await again.post('/v1/batch', batchOf(0, 'x')), ['memory_limit']);
  });
});

function batchOf(n: number, text: string): object {
  return {
    batch: Array.from({ length: 20 }, (_, i) => ({
      type: 'track',
      userId: `u${(n * 20 + i) % 977}`,
      event: 'Big',
      messageId: `m${n}-${i}`,
      properties: { text: `${text}${n}-${i}` },
    })),
  };
}

describe('an explosion of names', () => {
  it('stops at the limit with schema_limit, and known names still pass', async () => {
    await explodeNames({ limit: 20_000, batchCount: 30 });
  });

  it('of events stops at its limit too', async () => {
    const kith = await KithProcess.start({ data: temporaryFolder(), flags: formFlags(1) });
    let refused = 0;
    for (let n = 0; n < 12; n += 1) {
      const batch = Array.from({ length: 1_000 }, (_, i) => ({ type: 'track', userId: 'u', event: `event ${n} ${i}` }));
      refused += (await kith.post('/v1/batch', { batch })).json.rejected.length;
    }
    expect(refused).toBe(2_000);
    expect((await kith.post('/v1/track', { userId: 'u', event: 'event 0 0' })).status).toBe(200);
    expectRefused(await kith.post('/v1/track', { userId: 'u', event: 'another' }), ['schema_limit']);
    expect((await kith.call('/v1/profiles/u')).json.counts['event 0 0']).toBe(2);
    expect(kith.memoryBytes()).toBeLessThan(1_000 * 2 ** 20);
  });
});
