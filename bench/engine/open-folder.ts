/** Program: opens a data folder and stops the time when the first lookup was answered rightly. Loading code is not counted. */

import type { Engine } from '../../src/engine/engine.ts';
import type { Population } from '../../src/generator/population.ts';
import { userIdText } from '../../src/generator/text.ts';
import { answeredChecksum } from '../data/checksum.ts';
import { BenchError } from '../process/bench-error.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { importEngine } from '../process/root.ts';

export interface OpenFolderConfig {
  readonly path: string;
  readonly population: Population;
  /** Whom to look up; the first while the time runs, the others after. */
  readonly users: readonly number[];
}

export interface OpenFolderAnswer {
  readonly tookMs: number;
  readonly checksum: string;
  readonly profiles: number;
  readonly events: number;
}

function look(engine: Engine, user: number): { readonly id: string; readonly traits: object } {
  const json = engine.lookupJson({ type: 'user_id', value: userIdText(user) });
  if (json === undefined) throw new BenchError(`user ${user} is not there after the restart`);
  return JSON.parse(Buffer.from(json).toString('utf8')) as { readonly id: string; readonly traits: object };
}

const { path, users } = readConfig<OpenFolderConfig>();
const { open } = await importEngine();
const startedMs = performance.now();
const engine = await open({ data: path });
if (look(engine, users[0]).id !== userIdText(users[0]))
  throw new BenchError('the first lookup answered another person');
const tookMs = performance.now() - startedMs;
const { profiles, events } = engine.stats();
const checksum = answeredChecksum(users.map((user) => look(engine, user)));
const result: OpenFolderAnswer = { tookMs, checksum, profiles, events };
await engine.close();
answer(result);
endProgram();
