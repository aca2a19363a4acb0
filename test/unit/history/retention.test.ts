/** The engine forgets by its clock, and what it forgot is gone for the next process too, whatever that one's settings. */
import { expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { type OpenOptions, open } from '../../../src/engine/open.ts';
import { MemoryStorage } from '../../../src/storage/memory-storage.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2025, 0, 1);

test.each([true, false])(
  'after its time an overwritten value is forgotten (with a checkpoint: %s)',
  async (isCheckpointed) => {
    let nowMs = START_MS;
    const tasks: { readonly intervalMs: number; readonly run: () => void }[] = [];
    const clock: OpenOptions['clock'] = {
      nowMs: () => nowMs,
      every: (intervalMs, run) => {
        tasks.push({ intervalMs, run });
        return () => {};
      },
    };
    let storage = new MemoryStorage({ isAutoFlush: true });
    const options = { storage: () => storage, workers: 1, checkpointIntervalMs: 0, clock } as const;
    const engine = await open({ ...options, historyRetentionMs: 30 * DAY_MS });
    const identify = (userId: string, messageId: string, day: number, traits: object) => ({
      type: 'identify',
      userId,
      messageId,
      timestamp: new Date(START_MS + day * DAY_MS).toISOString(),
      traits,
    });
    const people = Array.from({ length: 600 }, (_, i) => `u${i}`);
    await engine.ingest(
      people.flatMap((user) => [
        identify(user, `a${user}`, 0, { plan: 'free' }),
        identify(user, `b${user}`, 2, { plan: 'pro', size: 1 }),
      ]),
    );
    expect(await valuesOf(engine, 'u7')).toEqual(['free', 'pro', 1]);

    nowMs = START_MS + 31 * DAY_MS;
    const round = tasks.find(({ intervalMs }) => intervalMs === DAY_MS)!;
    round.run();
    await rest(engine);
    expect(await valuesOf(engine, 'u7')).toEqual(['pro', 1]);
    nowMs = START_MS + 40 * DAY_MS;
    expect(await valuesOf(engine, 'u7')).toEqual([]);
    round.run();
    await rest(engine);
    await engine.ingest([identify('u7', 'late', 35, { plan: 'max' })]);
    if (isCheckpointed) await engine.checkpoint();
    const hash = engine.stateHash();
    storage = storage.reopen();

    const next = await open(options);
    expect(next.stateHash()).toBe(hash);
    expect(await valuesOf(next, 'u7')).toEqual(['pro', 1, 'max']);
    expect(await valuesOf(next, 'u599')).toEqual(['pro', 1]);
    expect(next.lookup({ type: 'user_id', value: 'u7' })?.traits).toEqual({ plan: 'max', size: 1 });
    await next.close();
  },
);

async function valuesOf(engine: Engine, value: string): Promise<unknown[]> {
  const history = await engine.traitHistory({ type: 'user_id', value });
  return history!.changes.map((change) => change.value);
}

/** A round takes turns; a checkpoint comes behind what is under way. */
async function rest(engine: Engine): Promise<void> {
  let before: readonly number[] = [];
  for (let still = 0; still < 20; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = engine.stats().shards.map(({ appliedSeq }) => appliedSeq);
    still = JSON.stringify(now) === JSON.stringify(before) ? still + 1 : 0;
    before = now;
  }
}
