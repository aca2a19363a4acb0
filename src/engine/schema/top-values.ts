/** Which values are met most often, as examples: a bounded number of candidates, and never a text longer than 64 characters. */
export type ExampleValue = string | number | boolean;

const CANDIDATE_COUNT_MAX = 1_024;
export const EXAMPLE_LENGTH_MAX = 64;
/** Enough bytes for 64 characters and one more. */
const EXAMPLE_SIZE_BYTES_MAX = (EXAMPLE_LENGTH_MAX + 1) * 4;

export class TopValues {
  readonly #counts = new Map<ExampleValue, number>();

  /** Past the bound new values are not taken: the most frequent ones were mostly met before. */
  add(value: ExampleValue, count: number): void {
    const before = this.#counts.get(value);
    if (before === undefined && this.#counts.size >= CANDIDATE_COUNT_MAX) return;
    this.#counts.set(value, (before ?? 0) + count);
  }

  /** Every candidate, in the order of first sight. */
  entries(): readonly (readonly [value: ExampleValue, count: number])[] {
    return [...this.#counts];
  }

  top(count: number): readonly (readonly [value: ExampleValue, count: number])[] {
    return [...this.#counts].sort((a, b) => b[1] - a[1] || (String(a[0]) < String(b[0]) ? -1 : 1)).slice(0, count);
  }
}

/** Reads no more than it shows; what is longer is cut. */
export function exampleText(bytes: Uint8Array, start: number, size: number): string {
  const read = Math.min(size, EXAMPLE_SIZE_BYTES_MAX);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, read).toString('utf8');
  const isCut = read < size || text.length > EXAMPLE_LENGTH_MAX;
  if (!isCut) return text;
  let end = Math.min(EXAMPLE_LENGTH_MAX - 1, text.length);
  // Not between the halves of one character.
  if (text.charCodeAt(end - 1) >= 0xd800 && text.charCodeAt(end - 1) <= 0xdbff) end -= 1;
  return `${text.slice(0, end)}…`;
}

/** The few keys with the largest counts, largest first; at equal counts those that came first. */
export class TopKeys {
  readonly keys: number[] = [];
  readonly #counts: number[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  consider(key: number, count: number): void {
    const counts = this.#counts;
    if (count === 0 || (counts.length === this.#limit && count <= counts[counts.length - 1])) return;
    let at = counts.length;
    while (at > 0 && counts[at - 1] < count) at -= 1;
    counts.splice(at, 0, count);
    this.keys.splice(at, 0, key);
    if (counts.length <= this.#limit) return;
    counts.pop();
    this.keys.pop();
  }
}

/** The codes with the largest counts, largest first. */
export function topCodes(counts: Uint32Array, limit: number): number[] {
  const top = new TopKeys(limit);
  for (let code = 1; code < counts.length; code++) top.consider(code, counts[code]);
  return top.keys;
}
