/**
 * Runs a property over random worlds with a seed that is always known, and says how to see a failure again. Rounds and seed
 * come from the environment: KITH_ORACLE_ROUNDS multiplies the worlds, KITH_ORACLE_SEED draws others, KITH_ORACLE_PATH
 * goes straight to one case.
 */
import fc from 'fast-check';
import type { World } from './generate/world.ts';
import { world } from './generate/world.ts';
import { type Check, Shrinker, type Shrunk } from './shrink.ts';

const DEFAULT_SEED = 20_240_315;
/** Room for a busy machine, for more rounds and for shrinking; no test depends on it. */
export const TIMEOUT_MS = 1_200_000;

export interface PropertyRun {
  readonly worldCount: number;
  readonly questionCount: number;
  /** Tests of the same kind see different worlds by different salts. */
  readonly salt?: number | undefined;
  /** Resolves to a description of the difference, or undefined when all agree. */
  readonly check: Check;
  /** Shrinking tries at most so many worlds: each may cost a whole engine. */
  readonly tryCount?: number | undefined;
}

function numberFrom(name: string, fallback: number): number {
  const text = process.env[name];
  return text === undefined || text === '' ? fallback : Number(text);
}

export function roundCount(): number {
  return numberFrom('KITH_ORACLE_ROUNDS', 1);
}

/** Throws with the seed, the path and the shrunk world when the check finds a difference. */
export async function runProperty({
  worldCount,
  questionCount,
  salt = 0,
  check,
  tryCount = 400,
}: PropertyRun): Promise<void> {
  const seed = numberFrom('KITH_ORACLE_SEED', DEFAULT_SEED) + salt;
  const path = process.env['KITH_ORACLE_PATH'];
  let failure: Shrunk | undefined;
  const safeCheck = async (each: World): Promise<string | undefined> => {
    try {
      return await check(each);
    } catch (error) {
      return `thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
  };
  const property = fc.asyncProperty(fc.noBias(world(questionCount)), async (each) => {
    const difference = await safeCheck(each);
    if (difference !== undefined) failure = { world: each, difference };
    return difference === undefined;
  });
  const numRuns = worldCount * roundCount();
  const details = await fc.check(property, {
    seed,
    numRuns,
    endOnFailure: true,
    ...(path === undefined ? {} : { path }),
  });
  if (failure === undefined) return;
  const shrunk = await new Shrinker(safeCheck, failure, numberFrom('KITH_ORACLE_TRIES', tryCount)).run();
  throw new Error(
    [
      shrunk.difference,
      `seed ${details.seed}, path ${details.counterexamplePath}; again with this test's file and:`,
      `KITH_ORACLE_SEED=${details.seed - salt} KITH_ORACLE_PATH=${details.counterexamplePath} npx vitest run --config config/vitest.config.ts`,
      'the shrunk world, to be kept under regressions/:',
      JSON.stringify(shrunk.world),
    ].join('\n'),
  );
}
