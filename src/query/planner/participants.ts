/** Counts of all time without `where`: read from the participants, no event is looked at. */

import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { EventTable } from '../../profile/event-table.ts';

/** The high bit of a participant's count says that its events came out of order. */
const COUNT_MASK = 0x7fff_ffff;

/** Rows with `min` to `max` events; rows with none count as 0. */
export function rowsByCount(table: EventTable, min: number, max: number, rowCount: number): RowSet {
  const words = new Uint32Array(wordCountOf(rowCount));
  const wanted = min > 0;
  const total = table.participantCount;
  for (let first = 0; first < total; first += CHUNK_ROWS) {
    const rows = table.participantRows.chunk(first / CHUNK_ROWS)!;
    const counts = table.participantCounts.chunk(first / CHUNK_ROWS)!;
    const length = Math.min(CHUNK_ROWS, total - first);
    for (let slot = 0; slot < length; slot++) {
      const count = counts[slot] & COUNT_MASK;
      // With 0 in the interval everybody fits but those found here.
      if ((count >= min && count <= max) === wanted) words[rows[slot] >>> 5] |= 1 << (rows[slot] & 31);
    }
  }
  const found = RowSet.ofWords(words);
  return wanted ? found : RowSet.all(rowCount).andNot(found);
}
