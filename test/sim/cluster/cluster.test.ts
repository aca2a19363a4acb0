/**
 * A whole cluster in one thread, under faults, from seeds: shards and routers that are killed and started at any moment, cut and slow links, disks that fail, clocks that
 * step, slots that move; clients that send until all is acknowledged. What is checked, and when, is told in `run.ts` and the README here.
 *
 * `KITH_SIM_SEEDS=5000` runs so many, `KITH_SIM_FROM=…` from another one on; `KITH_SIM_SEED=…` runs one alone, and writes all that happened into the
 * file `KITH_SIM_TRACE`. One seed is one course of things, as long as neither the simulation nor what it runs draws otherwise.
 */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type SimOutcome, simulate } from './run.ts';

const SEEDS = Number(process.env['KITH_SIM_SEEDS'] ?? 50);
const FROM = Number(process.env['KITH_SIM_FROM'] ?? 1);
const ONLY = process.env['KITH_SIM_SEED'];
const TRACE = process.env['KITH_SIM_TRACE'];
const PER_TEST = 20;

function told({ seed, failures, trace }: SimOutcome): string {
  return `KITH_SIM_SEED=${seed}\n${failures.slice(0, 6).join('\n')}\n…\n${trace.slice(-40).join('\n')}`;
}

async function check(seed: number): Promise<SimOutcome> {
  const outcome = await simulate(seed);
  if (outcome.failures.length > 0) throw new Error(told(outcome));
  return outcome;
}

if (ONLY !== undefined) {
  test(`seed ${ONLY}`, async () => {
    const outcome = await simulate(Number(ONLY), true);
    if (TRACE !== undefined) writeFileSync(TRACE, `${outcome.trace.join('\n')}\n`);
    if (outcome.failures.length > 0) throw new Error(told(outcome));
  });
} else {
  describe('a cluster loses nothing, doubles nothing and comes to rest', () => {
    for (let from = FROM; from < FROM + SEEDS; from += PER_TEST) {
      const to = Math.min(FROM + SEEDS, from + PER_TEST);
      test(`seeds ${from} to ${to - 1}`, async () => {
        for (let seed = from; seed < to; seed++) await check(seed);
      }, 600_000);
    }
  });

  test('one seed, one course of things', async () => {
    for (let seed = FROM; seed < FROM + Math.max(3, SEEDS / 20); seed++) {
      const [first, second] = [await simulate(seed), await simulate(seed)];
      expect([seed, second.traceHash, second.simulatedMs]).toEqual([seed, first.traceHash, first.simulatedMs]);
    }
  });
}
