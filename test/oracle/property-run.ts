/**
 * Runs a property over random worlds with a seed that is always known, and says how to see a failure again. Rounds and seed
 * come from the environment: KITH_ORACLE_ROUNDS multiplies the worlds, KITH_ORACLE_SEED draws others, KITH_ORACLE_PATH
 * goes straight to one case.
 */
import fc from 'fast-check';
import type { World } from './generate/world.ts';
import { world } from './generate/world.ts';

const DEFAULT_SEED = 20_240_315;

export interface PropertyRun {
  readonly worldCount: number;
  readonly questionCount: number;
  /** Resolves to a description of the difference, or undefined when all agree. */
  readonly check: (world: World) => Promise<string | undefined>;
  /** Shrinking tries at most so many worlds: each costs a whole engine. */
  readonly shrinkCount?: number | undefined;
}

function numberFrom(name: string, fallback: number): number {
  const text = process.env[name];
  return text === undefined || text === '' ? fallback : Number(text);
}

export function roundCount(): number {
  return numberFrom('KITH_ORACLE_ROUNDS', 1);
}

/** Throws with the seed, the path and the shrunk world when the check finds a difference. */
export async function runProperty({ worldCount, questionCount, check, shrinkCount = 400 }: PropertyRun): Promise<void> {
  const seed = numberFrom('KITH_ORACLE_SEED', DEFAULT_SEED);
  const path = process.env['KITH_ORACLE_PATH'];
  let failureCount = 0;
  let lastDifference = '';
  const property = fc.asyncProperty(fc.noBias(world(questionCount)), async (each) => {
    if (failureCount > 0 && failureCount > shrinkCount) return;
    const difference = await check(each);
    failureCount += failureCount > 0 || difference !== undefined ? 1 : 0;
    if (difference !== undefined) {
      lastDifference = difference;
      throw new Error(difference);
    }
  });
  const details = await fc.check(property, {
    seed,
    numRuns: worldCount * roundCount(),
    ...(path === undefined ? {} : { path }),
  });
  if (!details.failed) return;
  throw new Error(
    [
      `${lastDifference}`,
      `seed ${details.seed}, path ${details.counterexamplePath}; again with:`,
      `KITH_ORACLE_SEED=${details.seed} KITH_ORACLE_PATH=${details.counterexamplePath} npx vitest run --config config/vitest.config.ts test/oracle`,
      'the shrunk world, to be kept under regressions/:',
      JSON.stringify(details.counterexample?.[0]),
    ].join('\n'),
  );
}
