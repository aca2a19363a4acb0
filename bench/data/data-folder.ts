/**
 * Data folders with a generated population, one for each size, built once and kept in the temporary folder of the machine: 20
 * million events take a minute to load. A folder belongs to the built engine and population it was made with; after a change it is
 * built anew. Benches work on copies, because a server that opens a folder changes it.
 */
import { constants, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadedFolder, LoadFolderConfig } from '../engine/load-folder.ts';
import type { BenchContext } from '../harness.ts';
import { BenchError } from '../process/bench-error.ts';
import { runProgram } from '../process/child.ts';
import { builtFile } from '../process/root.ts';
import { isDiskMemory, makeFolder, removeAtExit } from '../process/workspace.ts';
import { checksumOf } from './checksum.ts';

const NOTE_NAME = 'bench.json';

interface FolderNote extends LoadedFolder {
  readonly madeWith: string;
}

export interface DataCopy extends LoadedFolder {
  readonly path: string;
}

/** A copy of the folder for this size, to do with as one likes; builds the original when there is none. */
export async function copyDataFolder(context: BenchContext): Promise<DataCopy> {
  const original = join(tmpdir(), `kith-bench-${context.size.name}`);
  const madeWith = checksumOf(
    `${readFileSync(builtFile('engine/open.js'), 'utf8')}${JSON.stringify(context.size.population)}`,
  );
  let note = readNote(original);
  if (note?.madeWith !== madeWith) note = await build(original, madeWith, context);
  const path = makeFolder('data');
  if (isDiskMemory(path)) context.progress('the temporary folder is in memory: durable figures mean nothing');
  cpSync(original, path, { recursive: true, mode: constants.COPYFILE_FICLONE });
  rmSync(join(path, NOTE_NAME));
  const { profiles, events, checkpointBytes } = note;
  return { path, profiles, events, checkpointBytes };
}

function readNote(folder: string): FolderNote | undefined {
  const path = join(folder, NOTE_NAME);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as FolderNote) : undefined;
}

/** Built beside and moved into place whole, so that two programs that build at once do not mix. */
async function build(original: string, madeWith: string, context: BenchContext): Promise<FolderNote> {
  const { name, population } = context.size;
  context.progress(`loading ${population.profiles} profiles and ${population.events} events of size ${name}, once`);
  const partial = mkdtempSync(`${original}-partial-`);
  removeAtExit(partial);
  try {
    const config: LoadFolderConfig = { path: partial, population };
    const loaded = await runProgram<LoadedFolder>('engine/load-folder.js', config, { isTalkative: true });
    if (loaded.profiles !== population.profiles || loaded.events < population.events) {
      throw new BenchError(`the engine holds ${loaded.profiles} profiles and ${loaded.events} events after loading`);
    }
    const note: FolderNote = { madeWith, ...loaded };
    writeFileSync(join(partial, NOTE_NAME), JSON.stringify(note));
    rmSync(original, { recursive: true, force: true });
    renameSync(partial, original);
    return note;
  } catch (error) {
    // Another program was quicker.
    const note = readNote(original);
    if (note?.madeWith === madeWith) return note;
    throw error;
  }
}
