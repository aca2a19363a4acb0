/**
 * Whom a lookup asks for: user indices drawn uniformly or by Zipf's law with exponent 0.99 (YCSB's), from a seed, written
 * to a file that every client reads, so that all contenders are asked the same questions in the same order.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Choice } from '../../src/generator/choice.ts';
import type { Population } from '../../src/generator/population.ts';
import { deriveKey, Random, seedKey } from '../../src/generator/random.ts';

export type Distribution = 'uniform' | 'zipf';

const ZIPF_EXPONENT = 0.99;
const DRAWS_KEY = 0x0d4a;
/** Four times the profiles of size M: a uniform walk meets 98 % of them before it begins again. */
const DRAW_COUNT = 1 << 22;
const SMOKE_DRAW_COUNT = 1 << 14;
/** A prime, so that neighbours in rank are far apart in memory. */
const SPREAD = 2_654_435_761;

export function drawUsers(distribution: Distribution, population: Population): Uint32Array {
  const { profiles, seed } = population;
  const random = new Random().reset(deriveKey(seedKey(seed), DRAWS_KEY));
  const draws = new Uint32Array(profiles < 10_000 ? SMOKE_DRAW_COUNT : DRAW_COUNT);
  if (distribution === 'uniform') {
    for (let index = 0; index < draws.length; index++) draws[index] = random.below(profiles);
    return draws;
  }
  const choice = new Choice(Array.from({ length: profiles }, (_, rank) => 1 / (rank + 1) ** ZIPF_EXPONENT));
  for (let index = 0; index < draws.length; index++) draws[index] = (choice.draw(random) * SPREAD) % profiles;
  return draws;
}

export function writeDraws(path: string, draws: Uint32Array): void {
  writeFileSync(path, new Uint8Array(draws.buffer, draws.byteOffset, draws.byteLength));
}

export function readDraws(path: string): Uint32Array {
  const bytes = readFileSync(path);
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
