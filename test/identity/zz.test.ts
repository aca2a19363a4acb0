import { test } from 'vitest';
import { Host } from './host.ts';
import { expectWhole } from './invariants.ts';
import { RULES } from './commands.ts';
test('t', async () => {
  for (let i = 0; i < 4; i++) {
    for (const shards of [1, 2, 4]) {
    let t = performance.now();
    const lap = (name: string) => { const n = performance.now(); console.log(shards, name, (n - t).toFixed(1)); t = n; };
    const host = await Host.open({ shards, identity: RULES[0] });
    lap('open');
    for (let k = 0; k < 20; k++) await host.ingest([{ type: 'track', userId: `u${k % 3}`, event: 'Event 1', properties: {}, messageId: `m${k}`, timestamp: '2025-11-01T00:00:00.000Z' }]);
    lap('ingest');
    await host.portraits(); lap('portraits');
    await host.count('did "Event 1" at least 1 times'); lap('count');
    await host.count('did "Event 1" at least 1 times in last 3650d'); lap('count window');
    await expectWhole(host); lap('whole');
    await host.engine.setIdentitySettings(RULES[1]); lap('settings');
    await host.reopened(); lap('reopen');
    }
  }
});
