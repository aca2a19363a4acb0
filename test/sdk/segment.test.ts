/** `@segment/analytics-node` as customers run it, pointed at the real server. */
import { Analytics } from '@segment/analytics-node';
import { describe, expect, it } from 'vitest';
import { KithProcess, temporaryFolder, WRITE_KEY } from '../process/kith-process.ts';
import { formFlags } from '../process/server-form.ts';
import { CALLS, expectCallsArrived, expectEachOnce } from './arrival.ts';
import { startFaultyProxy } from './faulty-proxy.ts';

interface Client {
  readonly analytics: Analytics;
  readonly errors: unknown[];
}

function clientOf(host: string, flushAt: number): Client {
  const analytics = new Analytics({ writeKey: WRITE_KEY, host, flushAt, maxRetries: 5 });
  const errors: unknown[] = [];
  analytics.on('error', (error) => errors.push(error));
  return { analytics, errors };
}

describe('the Segment SDK', () => {
  it('delivers a call of each kind', async () => {
    const kith = await KithProcess.start({ data: temporaryFolder(), flags: formFlags(1) });
    const { analytics, errors } = clientOf(kith.url, 3);
    analytics.identify(CALLS.identify);
    analytics.track(CALLS.track);
    analytics.page(CALLS.page);
    analytics.screen(CALLS.screen);
    analytics.group(CALLS.group);
    analytics.alias(CALLS.alias);
    await analytics.closeAndFlush();
    expect(errors).toEqual([]);
    await expectCallsArrived(kith);
  });

  it('delivers every event once, whatever happens to requests and answers', async () => {
    const kith = await KithProcess.start({ data: temporaryFolder(), flags: formFlags(4) });
    const proxy = await startFaultyProxy(kith.url, [
      ['unavailable'],
      ['dropped'],
      [],
      ['swallowed'],
      ['limited'],
      ['cut'],
      ['denied', 'swallowed'],
    ]);
    try {
      const { analytics, errors } = clientOf(proxy.url, 10);
      for (let n = 0; n < 350; n += 1) {
        analytics.track({ userId: `segment-${n % 23}`, event: 'Counted', properties: { n } });
      }
      await analytics.closeAndFlush();
      expect(errors).toEqual([]);
      const faults = new Set(proxy.requests.map(({ fault }) => fault));
      expect(faults.size).toBe(7);
      expect(proxy.requests.length).toBeGreaterThan(60);
      await expectEachOnce(kith, 'segment', 23, 350);
    } finally {
      await proxy.close();
    }
  });

  it('tells the caller when the key is wrong, and stores nothing', async () => {
    const kith = await KithProcess.start({ data: temporaryFolder(), flags: formFlags(1) });
    const analytics = new Analytics({ writeKey: 'not-a-key', host: kith.url, flushAt: 1, maxRetries: 1 });
    const failed = new Promise<unknown>((resolve) => analytics.on('error', resolve));
    analytics.track({ userId: 'nobody', event: 'Refused' });
    expect(await failed).toMatchObject({ code: 'delivery_failure' });
    await analytics.closeAndFlush();
    expect((await kith.call('/v1/profiles/nobody')).status).toBe(404);
  });
});
