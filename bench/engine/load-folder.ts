/** Program: builds a data folder with a generated population, through the engine, and leaves a checkpoint in it. */

import type { Population } from '../../src/generator/population.ts';
import { generateEventStream, generateIdentifyStream } from '../../src/generator/stream.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { importEngine } from '../process/root.ts';
import { FrameFeeder } from './frame-feeder.ts';

export interface LoadFolderConfig {
  readonly path: string;
  readonly population: Population;
}

export interface LoadedFolder {
  readonly profiles: number;
  readonly events: number;
  readonly checkpointBytes: number;
}

const { path, population } = readConfig<LoadFolderConfig>();
const { open } = await importEngine();
const engine = await open({ data: path });
const feeder = new FrameFeeder(engine);
await feeder.feed(generateIdentifyStream(population));
await feeder.feed(generateEventStream(population));
const { sizeBytes } = await engine.checkpoint();
const { profiles, events } = engine.stats();
await engine.close();
const loaded: LoadedFolder = { profiles, events, checkpointBytes: sizeBytes };
answer(loaded);
endProgram();
