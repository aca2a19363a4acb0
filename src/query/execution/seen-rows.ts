/** Text operators on `first_seen` and `last_seen`: the ISO text of each row is made and looked at, some rows at a time. */
import { formatIsoDate } from '../../base/iso-date.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { SeenTest } from '../binder/bound-expression.ts';
import { type ColumnImage, type ElementView, viewChunk } from './column-image.ts';
import type { ImageSet } from './image-set.ts';

/** Rows between two yields. */
const STRETCH = 2_048;

export interface CapturedSeen {
  readonly instants: ColumnImage;
}

export function captureSeen({ column }: SeenTest, images: ImageSet): CapturedSeen {
  return { instants: images.image(column) };
}

/** The rows among `candidates` whose text fits. Yields the number of rows looked at since the last time. */
export function* rowsOfSeen(
  { instants }: CapturedSeen,
  matches: SeenTest['matches'],
  slabs: readonly SharedArrayBuffer[],
  candidates: RowSet,
): Generator<number, RowSet, void> {
  const found: number[] = [];
  let chunk = -1;
  let view: ElementView | undefined;
  for (let next = candidates.rowsFrom(0, STRETCH); next.length > 0; ) {
    for (const row of next) {
      const at = row % CHUNK_ROWS;
      if ((row - at) / CHUNK_ROWS !== chunk) {
        chunk = (row - at) / CHUNK_ROWS;
        view = viewChunk(slabs, instants, chunk, CHUNK_ROWS);
      }
      // At a past moment some had never been seen.
      if (view !== undefined && !Number.isNaN(view[at]) && matches(Buffer.from(formatIsoDate(view[at]))))
        found.push(row);
    }
    yield next.length;
    next = candidates.rowsFrom(next[next.length - 1] + 1, STRETCH);
  }
  return RowSet.of(Uint32Array.from(found));
}
