/**
 * Data folders that were filled through a server's own door, for layouts that no single process can make: clusters, and engines of several
 * shards to compare them with. Kept like those of `data-folder.ts`, one for each size and layout; benches work on copies.
 */
import { constants, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FeedAnswer, FeedConfig } from '../client/feed-server.ts';
import type { BenchContext } from '../harness.ts';
import { startKith } from '../peer/kith.ts';
import { startKithCluster } from '../peer/kith-cluster.ts';
import { BenchError } from '../process/bench-error.ts';
import { runProgram } from '../process/child.ts';
import { builtFile } from '../process/root.ts';
import { makeFolder, removeAtExit } from '../process/workspace.ts';
import { checksumOf } from './checksum.ts';

export interface Layout {
  readonly kind: 'embedded' | 'cluster';
  readonly shards: number;
}

/** Beside the folder, which belongs to the server whole. */
const NOTE_NAME = 'bench.json';
const DATA_NAME = 'data';

/** A copy of the folder for this size and layout; builds the original when there is none. */
export async function copyServedFolder(context: BenchContext, layout: Layout): Promise<string> {
  const { name, population } = context.size;
  const original = join(tmpdir(), `kith-bench-${name}-${layout.kind}-${layout.shards}`);
  const madeWith = checksumOf(`${readFileSync(builtFile('main.js'), 'utf8')}${JSON.stringify(population)}`);
  if (readNote(original) !== madeWith) await build(original, madeWith, context, layout);
  const path = join(makeFolder('served'), DATA_NAME);
  cpSync(join(original, DATA_NAME), path, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return path;
}

function readNote(folder: string): string | undefined {
  const path = join(folder, NOTE_NAME);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { madeWith: string }).madeWith : undefined;
}

async function build(original: string, madeWith: string, context: BenchContext, layout: Layout): Promise<void> {
  const { name, population } = context.size;
  const { kind, shards } = layout;
  context.progress(`filling ${kind}, ${shards} shard(s), with size ${name}, once`);
  const partial = mkdtempSync(`${original}-partial-`);
  removeAtExit(partial);
  const path = join(partial, DATA_NAME);
  // Whole machine, and no profile of the filling.
  const free: BenchContext = {
    ...context,
    profileFolder: undefined,
    pins: { server: undefined, client: undefined, text: '' },
  };
  const server = await startLayout(free, path, layout);
  const config: FeedConfig = { address: { port: server.port, key: server.key }, population };
  const { items } = await runProgram<FeedAnswer>('client/feed-server.js', config);
  const profiles = await server.metric('kith_profiles');
  const events = await server.metric('kith_events');
  if (profiles !== population.profiles || events !== items - population.profiles) {
    throw new BenchError(`it holds ${profiles} profiles and ${events} events after ${items} items`);
  }
  await server.checkpoint();
  await server.process.stop();
  writeFileSync(join(partial, NOTE_NAME), JSON.stringify({ madeWith }));
  rmSync(original, { recursive: true, force: true });
  try {
    renameSync(partial, original);
  } catch (error) {
    // Another program was quicker.
    if (readNote(original) !== madeWith) throw error;
  }
}

/** One router, or none. */
export function startLayout(context: BenchContext, path: string, { kind, shards }: Layout) {
  return kind === 'cluster'
    ? startKithCluster(context, path, { shards, routers: 1 })
    : startKith(context, path, ['--shards', String(shards)]);
}
