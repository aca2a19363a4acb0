/**
 * What does a profile cost in memory, and what an event? Resident set of a fresh process that loaded the population, less
 * that of the process before and without mapped file pages, with all indexes forced; read after loading, and after a restart from the checkpoint. Against
 * DuckDB holding the same rows in memory, in the tightest layout (see `peer/duckdb-schema.ts`): as an in-memory database
 * keeps them by itself (plain), and packed by a checkpoint (compressed).
 *
 * agree: both hold the same number of profiles and events and answer one question (trait and event condition) alike.
 * One run: memory does not vary as time does.
 */
import { checksumOf } from '../data/checksum.ts';
import type { EngineMemoryConfig, MemoryReading } from '../engine/memory.ts';
import type { Bench } from '../harness.ts';
import { duckDbFile } from '../peer/duckdb-file.ts';
import type { DuckDbLayout, DuckDbMemoryConfig } from '../peer/duckdb-memory.ts';
import { runProgram } from '../process/child.ts';
import { type Resident, SETTLE_ROUNDS } from '../process/resident.ts';
import { makeFolder } from '../process/workspace.ts';
import type { Figures } from '../result.ts';

const LAYOUTS: readonly DuckDbLayout[] = ['plain', 'compressed'];

export const memory: Bench = {
  name: 'memory',
  title: 'bytes per profile and per event, all indexes counted, against DuckDB in memory',
  async run(context) {
    const { population, name } = context.size;
    const settleRounds = name === 'smoke' ? 1 : SETTLE_ROUNDS;
    const path = makeFolder('memory');
    const ours = async (kind: EngineMemoryConfig['kind']): Promise<MemoryReading> => {
      context.progress(`kith, ${kind}`);
      const config: EngineMemoryConfig = { kind, path, population, settleRounds };
      return await runProgram<MemoryReading>('engine/memory.js', config);
    };
    const loaded = await ours('load');
    const reopened = await ours('reopen');
    const file = await duckDbFile(context);
    for (const layout of LAYOUTS) {
      context.progress(`duckdb, ${layout}`);
      const config: DuckDbMemoryConfig = { path: file, layout, settleRounds };
      const peer = await runProgram<MemoryReading>('peer/duckdb-memory.js', config);
      const compare = (title: string, reading: MemoryReading, figures: Figures): void =>
        context.report({
          case: `${title}, duckdb ${layout}`,
          ours: figures,
          peer: { name: `duckdb ${layout}`, ...splitFigures(peer) },
          ratio: takenBytes(peer) / takenBytes(reading),
          agree: contentOf(reading) === contentOf(peer),
          checksum: checksumOf(contentOf(reading)),
          note: partsNote(reading),
        });
      compare('loaded', loaded, splitFigures(loaded));
      compare('reopened', reopened, totalFigures(reopened));
    }
  },
};

/** Resident, without the pages of mapped files: those are the kernel's cache, and it drops them when memory is short. */
function ownBytes({ rssBytes, fileBytes }: Resident): number {
  return rssBytes - fileBytes;
}

function takenBytes({ base, all }: MemoryReading): number {
  return ownBytes(all) - ownBytes(base);
}

/** `rssMegabytes` counts mapped files as well. */
function totalFigures(reading: MemoryReading): Figures {
  const { base, all, profiles } = reading;
  return {
    megabytes: takenBytes(reading) / 1e6,
    bytesPerProfileWithEvents: takenBytes(reading) / profiles,
    rssMegabytes: (all.rssBytes - base.rssBytes) / 1e6,
  };
}

function splitFigures(reading: MemoryReading): Figures {
  const { base, profilesOnly, all, profiles, events } = reading;
  return {
    ...totalFigures(reading),
    bytesPerProfile: (ownBytes(profilesOnly) - ownBytes(base)) / profiles,
    bytesPerEvent: (ownBytes(all) - ownBytes(profilesOnly)) / events,
  };
}

function contentOf({ profiles, events, probe }: MemoryReading): string {
  return JSON.stringify({ profiles, events, probe });
}

/** What the engine says of itself, in megabytes. */
function partsNote({ parts }: MemoryReading): string {
  const large = Object.entries(parts).filter(([, bytes]) => bytes >= 100_000);
  return `engine's own count in MB: ${large.map(([part, bytes]) => `${part} ${(bytes / 1e6).toFixed(1)}`).join(', ')}`;
}
