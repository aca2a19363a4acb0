/** Crashes between any two steps of short stories: every combination of prefixes of the shards' logs, or a seeded choice of them. */
import { diceOf } from '../property/memory-world.ts';
import type { Scenario } from './crash-scenarios.ts';
import { calmPortraits, cutAt, give, openHost, recoverAndFinish, type Step } from './crash-script.ts';

/** Every choice of a number below each of the sizes. */
function combinations(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (all, size) => all.flatMap((one) => Array.from({ length: size }, (_, i) => [...one, i])),
    [[]],
  );
}

/**
 * What went wrong. For no checkpoint and one before each of the steps, which makes everything durable, `sampleCount` of the crash points are tried.
 */
export async function crashes({ shards, steps }: Scenario, sampleCount: number, seed: number): Promise<string[]> {
  const faults: string[] = [];
  const expected = await calmPortraits(shards, steps);
  const dice = diceOf(seed);
  for (const checkpoint of [
    undefined,
    ...Array.from({ length: steps.length }, (_, at) => ({ at, shard: dice(shards) })),
  ]) {
    const host = await openHost(shards, { isAutoFlush: false });
    const given: { readonly step: Step; readonly state: { isAcknowledged: boolean } }[] = [];
    for (const [i, step] of steps.entries()) {
      if (checkpoint?.at === i) {
        for (const storage of host.storages) storage.flush();
        await host.engine.checkpoint();
      }
      given.push({ step, state: give(host, step) });
    }
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    const again = given.filter(({ state }) => !state.isAcknowledged).map(({ step }) => step);
    const acknowledged = given.filter(({ state }) => state.isAcknowledged).map(({ step }) => step);
    const from = host.storages.map(({ log }) => log.durableSeq);
    const all = combinations(host.storages.map(({ log }) => log.lastSeq - log.durableSeq + 1));
    const chosen = all.length <= sampleCount ? all : Array.from({ length: sampleCount }, () => all[dice(all.length)]);
    for (const kept of chosen) {
      const storages = host.storages.map((storage, i) => cutAt(storage, from[i] + kept[i]));
      try {
        await recoverAndFinish(storages, host.nowMs, again, acknowledged, expected);
      } catch (error) {
        const text = (error as Error).message.split('\n').slice(0, 3).join(' ');
        faults.push(`checkpoint ${JSON.stringify(checkpoint)}, kept ${kept.join()}: ${text}`);
      }
    }
  }
  return faults;
}
