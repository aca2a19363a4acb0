/**
 * Program: what a population takes in our engine. `load`: profiles, then events, through `ingestFrame`, resident set
 * after each. `reopen`: the folder that `load` left, opened in this fresh process. Indexes are forced by queries before
 * every reading.
 */
import type { Engine } from '../../src/engine/engine.ts';
import type { Population } from '../../src/generator/population.ts';
import { generateEventStream, generateIdentifyStream } from '../../src/generator/stream.ts';
import { INDEX_LEAVES, PROBE } from '../data/probe.ts';
import { BenchError } from '../process/bench-error.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { type Resident, settledResident } from '../process/resident.ts';
import { importEngine } from '../process/root.ts';
import { FrameFeeder } from './frame-feeder.ts';

export interface EngineMemoryConfig {
  readonly kind: 'load' | 'reopen';
  readonly path: string;
  readonly population: Population;
  readonly settleRounds: number;
}

export interface MemoryReading {
  readonly base: Resident;
  /** After the profiles; the same as `all` when everything came at once. */
  readonly profilesOnly: Resident;
  readonly all: Resident;
  readonly profiles: number;
  readonly events: number;
  readonly probe: number;
  /** What the side counts itself, by part. */
  readonly parts: Readonly<Record<string, number>>;
}

async function count(engine: Engine, where: (typeof INDEX_LEAVES)[number]): Promise<number> {
  const result = await engine.query({ where, as: 'count' });
  if (!('count' in result)) throw new BenchError('a count query answered something else');
  return result.count;
}

async function forceIndexes(engine: Engine): Promise<void> {
  for (const leaf of INDEX_LEAVES) await count(engine, leaf);
}

const { kind, path, population, settleRounds } = readConfig<EngineMemoryConfig>();
const { open } = await importEngine();
const base = await settledResident(settleRounds);
const engine = await open({ data: path });
let profilesOnly: Resident | undefined;
if (kind === 'load') {
  const feeder = new FrameFeeder(engine);
  await feeder.feed(generateIdentifyStream(population));
  await forceIndexes(engine);
  profilesOnly = await settledResident(settleRounds);
  await feeder.feed(generateEventStream(population));
}
await forceIndexes(engine);
const probe = await count(engine, PROBE);
await engine.checkpoint();
const all = await settledResident(settleRounds);
const { profiles, events, memoryBytes } = engine.stats();
const { heapTotal, arrayBuffers } = process.memoryUsage();
const parts = { ...memoryBytes, 'javascript heap': heapTotal, 'other buffers': arrayBuffers - memoryBytes['slabs'] };
const reading: MemoryReading = { base, profilesOnly: profilesOnly ?? all, all, profiles, events, probe, parts };
await engine.close();
answer(reading);
endProgram();
