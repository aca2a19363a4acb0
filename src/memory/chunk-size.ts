/**
 * The size of a chunk: columns are kept and scanned in stretches of so many rows. Everything that cuts by chunks derives from here,
 * so that tests can run the whole engine with tiny ones. A power of two and at least 32: scans pack a bit a row into words of 32, and no
 * two chunks share a word.
 */
export const CHUNK_SHIFT = 16;
export const CHUNK_ROWS = 1 << CHUNK_SHIFT;
export const CHUNK_MASK = CHUNK_ROWS - 1;
/** Words of the bits of one chunk. */
export const CHUNK_WORDS = CHUNK_ROWS >>> 5;
