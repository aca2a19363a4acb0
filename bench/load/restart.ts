/**
 * How fast does the engine come back? From `open()` of a folder with a checkpoint to the first right answer, in a fresh
 * process, against reading the folder's files from beginning to end. Both in bytes a second, because a file may hold
 * free pages that the engine does not read.
 *
 * agree: counts of profiles and events are those that were loaded, and a sample of profiles is what the generator made.
 */
import { expectedChecksum, sampleOf } from '../data/checksum.ts';
import { copyDataFolder } from '../data/data-folder.ts';
import { drawUsers } from '../data/draws.ts';
import type { OpenFolderAnswer, OpenFolderConfig } from '../engine/open-folder.ts';
import type { ReadFolderAnswer, ReadFolderConfig } from '../engine/read-folder.ts';
import { alternate, type Bench, medianBy } from '../harness.ts';
import { runProgram } from '../process/child.ts';
import { canEvict, evict } from '../process/page-cache.ts';
import type { Figures } from '../result.ts';

interface Turn {
  readonly tookMs: number;
  readonly isRight: boolean;
  readonly sizeBytes: number;
}

export const restart: Bench = {
  name: 'restart',
  title: 'open() until the first answer against reading the same bytes',
  async run(context) {
    const { population } = context.size;
    const data = await copyDataFolder(context);
    const users = sampleOf(drawUsers('uniform', population));
    const checksum = expectedChecksum(population, users);
    const options = { cpus: context.pins.server };
    let isEvicted = true;
    const openFolder = async (): Promise<Turn> => {
      const config: OpenFolderConfig = { path: data.path, population, users };
      const opened = await runProgram<OpenFolderAnswer>('engine/open-folder.js', config, options);
      const isRight =
        opened.checksum === checksum && opened.profiles === data.profiles && opened.events === data.events;
      return { tookMs: opened.tookMs, isRight, sizeBytes: data.checkpointBytes };
    };
    const readFolder = async (): Promise<Turn> => {
      const config: ReadFolderConfig = { path: data.path };
      const read = await runProgram<ReadFolderAnswer>('engine/read-folder.js', config, options);
      return { ...read, isRight: true };
    };
    const compare = async (title: string, before: () => Promise<void>): Promise<void> => {
      const contender = (name: string, run: () => Promise<Turn>) => ({
        name,
        turn: async () => {
          await before();
          return await run();
        },
      });
      const turns = await alternate(
        [contender('kith', openFolder), contender('read', readFolder)],
        context.runs,
        (text) => context.progress(`${title}: ${text}`),
      );
      const ours = turns.get('kith')!;
      const peer = turns.get('read')!;
      context.report({
        case: title,
        ours: figuresOf(ours),
        peer: { name: 'sequential read', ...figuresOf(peer) },
        ratio: bytesPerMs(ours) / bytesPerMs(peer),
        agree: ours.every(({ isRight }) => isRight),
        checksum,
        note: isEvicted ? undefined : 'the kernel kept part of the files in memory',
      });
    };
    await readFolder();
    await compare('warm', async () => undefined);
    if (!canEvict()) {
      context.progress('no cold case: it needs dd and fincore');
      return;
    }
    await compare('cold', async () => {
      isEvicted = (await evict(data.path)) && isEvicted;
    });
  },
};

function bytesPerMs(turns: readonly Turn[]): number {
  return medianBy(turns, ({ tookMs, sizeBytes }) => sizeBytes / tookMs);
}

function figuresOf(turns: readonly Turn[]): Figures {
  const times = turns.map(({ tookMs }) => tookMs);
  return {
    medianMs: medianBy(turns, ({ tookMs }) => tookMs),
    minMs: Math.min(...times),
    maxMs: Math.max(...times),
    megabytes: turns[0].sizeBytes / 1e6,
    gigabytesPerSecond: bytesPerMs(turns) / 1e6,
  };
}
