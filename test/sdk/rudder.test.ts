/** `@rudderstack/rudder-sdk-node` as customers run it (gzip on), pointed at the real server. */
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import { describe, expect, it } from 'vitest';
import { KithProcess, temporaryFolder, WRITE_KEY } from '../process/kith-process.ts';
import { formFlags } from '../process/server-form.ts';
import { CALLS, expectCallsArrived, expectEachOnce } from './arrival.ts';
import { startFaultyProxy } from './faulty-proxy.ts';

function clientOf(dataPlaneUrl: string, options: object = {}): RudderAnalytics {
  return new RudderAnalytics(WRITE_KEY, {
    dataPlaneUrl,
    logLevel: 'none',
    // Retries at once: what is tested is that they happen, not how long they wait.
    axiosRetryConfig: { retryDelay: () => 1 },
    ...options,
  });
}

/** A call, and its end. */
function sent(call: (callback: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

describe('the RudderStack SDK', () => {
  it.each([true, false])('delivers a call of each kind, gzip %s', async (gzip) => {
    const kith = await KithProcess.start({ data: temporaryFolder(), flags: formFlags(1) });
    const proxy = await startFaultyProxy(kith.url, [[]]);
    try {
      const client = clientOf(proxy.url, { gzip, flushAt: 10 });
      const calls = [
        sent((done) => client.identify(CALLS.identify, done)),
        sent((done) => client.track(CALLS.track, done)),
        sent((done) => client.page(CALLS.page, done)),
        sent((done) => client.screen(CALLS.screen, done)),
        sent((done) => client.group(CALLS.group, done)),
        sent((done) => client.alias(CALLS.alias, done)),
      ];
      await client.flush();
      await client.flush();
      await Promise.all(calls);
      for (const { headers } of proxy.requests) expect(headers['content-encoding']).toBe(gzip ? 'gzip' : undefined);
      await expectCallsArrived(kith);
    } finally {
      await proxy.close();
    }
  });

  it('delivers every event once, whatever happens to requests and answers', async () => {
    const kith = await KithProcess.start({ data: temporaryFolder(), flags: formFlags(4) });
    const proxy = await startFaultyProxy(kith.url, [
      ['unavailable'],
      ['swallowed'],
      [],
      ['dropped', 'limited'],
      ['denied'],
      ['swallowed', 'swallowed'],
    ]);
    try {
      const client = clientOf(proxy.url, { flushAt: 10, retryCount: 5 });
      const calls: Promise<void>[] = [];
      for (let n = 0; n < 300; n += 1) {
        const message = { userId: `rudder-${n % 23}`, event: 'Counted', properties: { n } };
        calls.push(sent((done) => client.track(message, done)));
      }
      // One flush sends one batch.
      for (let flush = 0; flush < 40; flush += 1) await client.flush();
      await Promise.all(calls);
      const faults = new Set(proxy.requests.map(({ fault }) => fault));
      expect(faults.size).toBe(6);
      expect(proxy.requests.length).toBeGreaterThan(50);
      await expectEachOnce(kith, 'rudder', 23, 300);
    } finally {
      await proxy.close();
    }
  });
});
