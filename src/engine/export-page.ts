/** A shard's profiles as JSON texts, in the order of their rows, page by page: one page is one turn's work. */
import type { ExportOptions } from '../model/profile.ts';
import type { Shard } from '../shard/shard.ts';

const ROWS_PER_PAGE = 256;
const DEFAULT_PAGE_SIZE_BYTES = 2 ** 20;

export interface ExportPage {
  readonly profiles: readonly Uint8Array[];
  /** Where the next page begins; null = this is the last. */
  readonly nextRow: number | null;
}

/** Ends with the profile that makes it larger than `sizeBytesMax`. */
export function exportPage(
  shard: Shard,
  fromRow: number,
  options: ExportOptions = {},
  sizeBytesMax = DEFAULT_PAGE_SIZE_BYTES,
): ExportPage {
  const { data, renderer } = shard;
  const { count } = data.profiles;
  const until = Math.min(count, fromRow + ROWS_PER_PAGE);
  const profiles: Uint8Array[] = [];
  let sizeBytes = 0;
  let row = fromRow;
  for (; row < until && sizeBytes < sizeBytesMax; row++) {
    if (data.isDead(row)) continue;
    renderer.render(row, { ...options });
    const bytes = Uint8Array.from(renderer.bytes.subarray(renderer.start, renderer.end));
    profiles.push(bytes);
    sizeBytes += bytes.length;
  }
  return { profiles, nextRow: row < count ? row : null };
}
