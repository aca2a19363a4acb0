/** Checksums of what a seed fixes: the same on every machine and for every contender. */
import { xxh32 } from '../../src/base/hash.ts';
import type { Population } from '../../src/generator/population.ts';
import { type GeneratedProfile, generateProfile } from '../../src/generator/profile.ts';

const SAMPLE_COUNT = 256;

export function checksumOf(content: string | Uint8Array): string {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return xxh32(bytes, 0, bytes.length, 0).toString(16).padStart(8, '0');
}

/** Users whose answers are compared in full: the first that lookups will ask for. */
export function sampleOf(draws: Uint32Array): readonly number[] {
  return [...new Set(draws.subarray(0, SAMPLE_COUNT))];
}

/** Of the users' ids and traits as the generator makes them. */
export function expectedChecksum(population: Population, users: readonly number[]): string {
  return checksumOf(users.map((user) => canonical(generateProfile(population.seed, user))).join('\n'));
}

/** Of the users' ids and traits as profiles that were looked up tell them. */
export function answeredChecksum(profiles: readonly { readonly id: string; readonly traits: object }[]): string {
  return checksumOf(profiles.map(({ id, traits }) => canonical({ userId: id, traits: traits as never })).join('\n'));
}

function canonical({ userId, traits }: GeneratedProfile): string {
  const sorted = Object.entries(traits).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([userId, sorted]);
}
