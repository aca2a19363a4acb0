/**
 * How many profiles, how many events, and how the events fall on the profiles. Every user's count can be told alone
 * and yet the counts add up to exactly `events`: weights repeat with a period of 65,536 users, so their running sum
 * has a closed form, and a user's count is the difference of two rounded running sums.
 *
 * Weights are Pareto with index 4/3 (most users have few events, whales up to 250 times the mean); one user in 32 has
 * none at all, so that "did not" finds people.
 */
import { deriveKey, seedKey } from './random.ts';

export interface Population {
  readonly seed: number;
  readonly profiles: number;
  readonly events: number;
  /** Every event is before this moment. */
  readonly endMs?: number | undefined;
  /** How far back the events reach. */
  readonly days?: number | undefined;
}

export const DAY_MS = 86_400_000;
/** 2026-01-01T00:00:00Z: fixed, because a checksum must not depend on the day it is taken. */
export const DEFAULT_END_MS = 1_767_225_600_000;
export const DEFAULT_DAYS = 365;
export const DEFAULT_SEED = 42;

export const SIZES = {
  /** For a smoke run inside the test suite. */
  XXS: { profiles: 100, events: 2_000 },
  XS: { profiles: 1_000, events: 20_000 },
  S: { profiles: 100_000, events: 2_000_000 },
  M: { profiles: 1_000_000, events: 20_000_000 },
  L: { profiles: 5_000_000, events: 100_000_000 },
} as const;
export type SizeName = keyof typeof SIZES;

const PERIOD = 65_536;
const WEIGHT_MAX = 1_000;
/** Odd, so that it permutes 0..65535: neighbours in user order are far apart in weight. */
const STRIDE = 40_503;

/** running[i] = weight of the ranks 0..i-1 in permuted order. */
const running = new Float64Array(PERIOD + 1);
for (let position = 0; position < PERIOD; position++) {
  const rank = Math.imul(position, STRIDE) & (PERIOD - 1);
  const quantile = (rank + 0.5) / PERIOD;
  const root = Math.sqrt(quantile);
  // quantile ^ -3/4, the inverse of Pareto's distribution with index 4/3.
  const weight = rank % 32 === 31 ? 0 : Math.min(WEIGHT_MAX, 1 / (root * Math.sqrt(root)));
  running[position + 1] = running[position] + weight;
}

/** Weight of `length` users counted from place `from` of the period. */
function weightOf(from: number, length: number): number {
  const end = from + length;
  return Math.floor(end / PERIOD) * running[PERIOD] + running[end % PERIOD] - running[from];
}

/** Counts of events per user for one population; make once, ask for any user. */
export class EventCounts {
  readonly #start: number;
  readonly #scale: number;
  readonly #total: number;
  readonly #profiles: number;

  constructor(population: Population) {
    this.#start = deriveKey(seedKey(population.seed), 0x0c07) & (PERIOD - 1);
    const weight = weightOf(this.#start, population.profiles);
    this.#scale = weight === 0 ? 0 : population.events / weight;
    this.#total = population.events;
    this.#profiles = population.profiles;
  }

  /** Events of the users before `userIndex`; at `profiles` exactly `events`. */
  before(userIndex: number): number {
    if (userIndex >= this.#profiles) return this.#total;
    return Math.min(this.#total, Math.floor(weightOf(this.#start, userIndex) * this.#scale));
  }

  of(userIndex: number): number {
    return this.before(userIndex + 1) - this.before(userIndex);
  }
}
