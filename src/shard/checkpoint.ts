/**
 * A shard's state in a checkpoint: one manifest (msgpack: seq, hash seed, ids of pages, the small state around them) and the pages
 * themselves as they lie in memory. Pages that did not change since the last checkpoint are referenced, not written again.
 * A memory snapshot keeps the pages still while they are written, so ingest goes on.
 */
import { pack, unpack } from 'msgpackr';
import { LoadContext, SaveContext, type SavedState } from '../memory/persist.ts';
import type { Page, SlabMemory } from '../memory/slab-memory.ts';
import { EngineError } from '../model/error.ts';
import type { ShardData } from '../profile/shard-data.ts';
import type { CheckpointReader, ShardStorage } from '../storage/contract.ts';

const FORMAT_VERSION = 4;
/** Still read: 2 knows no scaled numbers and no borrowed texts, 3 no pages of three or five bytes an element and no packed message ids. */
const OLDEST_FORMAT_VERSION = 2;
/** Pages handed to the store between two turns of the event loop. */
const PAGES_PER_TURN = 16;

export interface CheckpointResult {
  readonly seq: number;
  readonly sizeBytes: number;
  readonly writtenPageCount: number;
}

interface Manifest {
  readonly version: number;
  readonly seq: number;
  readonly hashSeed: number;
  readonly pageIds: readonly number[];
  readonly state: SavedState;
}

/** The hash seed of the newest checkpoint, when there is one: tables in it were filled under that seed. */
export function hashSeedOf(reader: CheckpointReader | undefined): number | undefined {
  return reader === undefined ? undefined : readManifest(reader).hashSeed;
}

/** Seq of the newest checkpoint, 0 = there is none. */
export function checkpointSeqOf(reader: CheckpointReader | undefined): number {
  return reader === undefined ? 0 : readManifest(reader).seq;
}

/** Number of the last step over several shards that the newest checkpoint has; 0 = none. */
export function lastStepOf(reader: CheckpointReader | undefined): number {
  return reader === undefined ? 0 : (readManifest(reader).state['lastStep'] as number);
}

function readManifest(reader: CheckpointReader): Manifest {
  const manifest = unpack(reader.manifest) as Manifest;
  if (!(manifest.version >= OLDEST_FORMAT_VERSION && manifest.version <= FORMAT_VERSION)) {
    throw new EngineError(
      'storage_failed',
      `the checkpoint has format ${manifest.version}; this version reads ${OLDEST_FORMAT_VERSION} to ${FORMAT_VERSION}: export with the version that wrote it, and import here`,
    );
  }
  return manifest;
}

export function decodeCheckpoint(
  memory: SlabMemory,
  reader: CheckpointReader | undefined,
): { seq: number; context: LoadContext; state: SavedState } | undefined {
  if (reader === undefined) return undefined;
  const manifest = readManifest(reader);
  const context = new LoadContext(memory, manifest.pageIds, (pageId) => reader.page(pageId));
  return { seq: manifest.seq, context, state: manifest.state };
}

export async function writeCheckpoint(
  data: ShardData,
  seq: number,
  hashSeed: number,
  { checkpoints, log }: ShardStorage,
  yieldTurn: () => Promise<void>,
  othersDurable: () => Promise<void>,
): Promise<CheckpointResult> {
  const { memory } = data;
  const snapshot = memory.stillSnapshot();
  const others = othersDurable();
  // Who waits for it below hears of its failure.
  others.catch(() => {});
  const writer = checkpoints.begin();
  let isCommitting = false;
  try {
    const context = new SaveContext(snapshot);
    const state = data.save(context);
    const pageIds: number[] = [];
    const changed: number[] = [];
    context.pages.forEach((page, index) => {
      if (page.savedId === 0 || page.stamp > page.savedEpoch) {
        changed.push(index);
      } else {
        pageIds[index] = page.savedId;
        memory.take(snapshot, page);
      }
    });
    const written: { page: Page; pageId: number }[] = [];
    for (const index of changed) {
      const page = context.pages[index];
      const pageId = writer.write(memory.take(snapshot, page));
      pageIds[index] = pageId;
      written.push({ page, pageId });
      if (written.length % PAGES_PER_TURN === 0) {
        await writer.drained();
        await yieldTurn();
      }
    }
    const manifest: Manifest = { version: FORMAT_VERSION, seq, hashSeed, pageIds, state };
    // A checkpoint ahead of the log would make the next process give out its seqs again and skip the records under them.
    await log.durable(seq);
    await others;
    isCommitting = true;
    const { sizeBytes } = await writer.commit(pack(manifest), new Set(pageIds));
    for (const { page, pageId } of written) {
      page.savedId = pageId;
      page.savedEpoch = snapshot.epoch;
    }
    return { seq, sizeBytes, writtenPageCount: written.length };
  } catch (error) {
    if (!isCommitting) await writer.abort();
    throw error;
  } finally {
    memory.release(snapshot);
  }
}
