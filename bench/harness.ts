/**
 * What every bench shares: its contract, the sizes, and measuring in alternation. Ours and the peers take turns within
 * one run of the program (A B A B …), so that a machine that gets slower or busier does so for both; the figure is the
 * median of the turns, with the least and the greatest beside it.
 */
import { DEFAULT_SEED, type Population, SIZES } from '../src/generator/population.ts';
import type { Pins } from './process/pin.ts';
import type { Result } from './result.ts';

export interface Bench {
  readonly name: string;
  /** What it shows, for the list of benches. */
  readonly title: string;
  run(context: BenchContext): Promise<void>;
}

export interface BenchContext {
  readonly size: BenchSize;
  readonly runs: number;
  readonly pins: Pins;
  /** Names of the cases that are wanted; undefined = all. */
  readonly cases: readonly string[] | undefined;
  /** False: ours alone, where the bench can do without. */
  readonly hasPeers: boolean;
  /** Where the server writes a processor profile when it ends; undefined = no profile. */
  readonly profileFolder: string | undefined;
  report(result: Result): void;
  /** Tells a waiting person what happens now. */
  progress(text: string): void;
}

export type SizeName = 'smoke' | 'S' | 'M' | 'L';

export interface BenchSize {
  readonly name: SizeName;
  readonly population: Population;
  /** Length of one turn of a timed bench. */
  readonly turnMs: number;
  /** Load before a turn that is not counted: compilers and caches settle. */
  readonly warmMs: number;
}

const population = (of: { readonly profiles: number; readonly events: number }): Population => ({
  seed: DEFAULT_SEED,
  ...of,
});

/** Smoke is what the test suite runs: everything happens, nothing is measured. */
export const BENCH_SIZES: Readonly<Record<SizeName, BenchSize>> = {
  smoke: { name: 'smoke', population: population(SIZES.XXS), turnMs: 300, warmMs: 0 },
  S: { name: 'S', population: population(SIZES.S), turnMs: 4_000, warmMs: 1_000 },
  M: { name: 'M', population: population(SIZES.M), turnMs: 6_000, warmMs: 2_000 },
  L: { name: 'L', population: population(SIZES.L), turnMs: 10_000, warmMs: 3_000 },
};

export function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `sorted` ascending; NaN when empty. */
export function percentileOf(sorted: ArrayLike<number>, percent: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))];
}

export interface Contender<Turn> {
  readonly name: string;
  turn(index: number): Promise<Turn>;
}

/** Every contender once per round, in order, `runs` rounds. Gives the turns by contender name. */
export async function alternate<Turn>(
  contenders: readonly Contender<Turn>[],
  runs: number,
  progress: (text: string) => void,
): Promise<ReadonlyMap<string, readonly Turn[]>> {
  const turns = new Map<string, Turn[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < runs; round++) {
    for (const contender of contenders) {
      progress(`${contender.name}, run ${round + 1} of ${runs}`);
      turns.get(contender.name)!.push(await contender.turn(round));
    }
  }
  return turns;
}

/** The median of one figure over the turns. */
export function medianBy<Turn>(turns: readonly Turn[], figure: (turn: Turn) => number): number {
  return medianOf(turns.map(figure));
}
