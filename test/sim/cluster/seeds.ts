/**
 * Which seeds are run. Each of two test files takes half of them, so that two workers share the time.
 *
 * `KITH_SIM_SEEDS=5000` runs so many, `KITH_SIM_FROM=…` from another one on; `KITH_SIM_SEED=…` runs one alone, and writes all that happened into the
 * file `KITH_SIM_TRACE`. One seed is one course of things, as long as neither the simulation nor what it runs draws otherwise: of some that is checked.
 */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type SimOutcome, simulate } from './run.ts';

const SEEDS = Number(process.env['KITH_SIM_SEEDS'] ?? 200);
const FROM = Number(process.env['KITH_SIM_FROM'] ?? 1);
const ONLY = process.env['KITH_SIM_SEED'];
const TRACE = process.env['KITH_SIM_TRACE'];
const PER_TEST = 10;
/** One in so many is run a second time. */
const TWICE_EVERY = 40;

function told({ seed, failures, trace }: SimOutcome): string {
  return `KITH_SIM_SEED=${seed}\n${failures.slice(0, 6).join('\n')}\n…\n${trace.slice(-40).join('\n')}`;
}

async function check(seed: number, place: number): Promise<void> {
  const outcome = await simulate(seed);
  if (outcome.failures.length > 0) throw new Error(told(outcome));
  if (place % TWICE_EVERY > 0) return;
  const again = await simulate(seed);
  expect([seed, again.traceHash, again.simulatedMs]).toEqual([seed, outcome.traceHash, outcome.simulatedMs]);
}

/** Every second seed, the even ones for 0. */
export function testSeeds(half: 0 | 1): void {
  if (ONLY !== undefined) {
    test.runIf(Number(ONLY) % 2 === half)(`seed ${ONLY}`, async () => {
      const outcome = await simulate(Number(ONLY), true);
      if (TRACE !== undefined) writeFileSync(TRACE, `${outcome.trace.join('\n')}\n`);
      if (outcome.failures.length > 0) throw new Error(told(outcome));
    });
    return;
  }
  const seeds = Array.from({ length: SEEDS }, (_, i) => FROM + i).filter((seed) => seed % 2 === half);
  describe('a cluster loses nothing, doubles nothing and comes to rest', () => {
    for (let from = 0; from < seeds.length; from += PER_TEST) {
      const some = seeds.slice(from, from + PER_TEST);
      test(`every second seed from ${some[0]} to ${some[some.length - 1]}`, async () => {
        for (const [i, seed] of some.entries()) await check(seed, from + i);
      }, 600_000);
    }
  });
}
