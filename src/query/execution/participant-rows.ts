/** Counts of all time without `where`: read from the participants' counters, chunk by chunk; no event is looked at. */
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { ParticipantsLeaf } from '../planner/logical-plan.ts';
import { type ColumnImage, viewChunk } from './column-image.ts';
import type { ImageSet } from './image-set.ts';
import { ImageReader } from './random-access.ts';

export interface CapturedParticipants {
  readonly leaf: ParticipantsLeaf;
  readonly rows: ColumnImage;
  readonly counts: ColumnImage;
  readonly count: number;
}

export function captureParticipants(leaf: ParticipantsLeaf, images: ImageSet): CapturedParticipants {
  const { table } = leaf;
  return {
    leaf,
    rows: images.image(table.participantRows),
    counts: images.image(table.participantCounts),
    count: table.participantCount,
  };
}

/** One participant with all that is around it, at worst. */
const SLOT_NS = 8;

/** Rows with `min` to `max` events; rows with none count as 0. Yields after each chunk what it cost. */
export function* rowsOfParticipants(
  { leaf, rows, counts, count }: CapturedParticipants,
  slabs: readonly SharedArrayBuffer[],
  rowCount: number,
): Generator<number, RowSet, void> {
  const { min, max } = leaf;
  const words = new Uint32Array(wordCountOf(rowCount));
  const wanted = min > 0;
  const reader = new ImageReader(slabs, rows, 0);
  for (let first = 0; first < count; first += CHUNK_ROWS) {
    const length = Math.min(CHUNK_ROWS, count - first);
    const countView = viewChunk(slabs, counts, first / CHUNK_ROWS, length);
    for (let slot = 0; slot < length; slot++) {
      const found = countView === undefined ? 0 : countView[slot] >>> 1;
      // With 0 in the interval everybody fits but those found here.
      if ((found >= min && found <= max) !== wanted) continue;
      const row = reader.get(first + slot);
      words[row >>> 5] |= 1 << (row & 31);
    }
    yield length * SLOT_NS;
  }
  const found = yield* RowSet.ofWordsSteps(words);
  return wanted ? found : RowSet.all(rowCount).andNot(found);
}
