/**
 * The accounts of each person of one shard, by row, as a value that never changes: a question keeps what it saw while the index goes
 * on. Rows stand in chunks; a new version copies only the chunks that differ, so versions cost what changed.
 */
/** Numbers of accounts, ascending. */
export type AccountList = readonly number[];

const CHUNK_SHIFT = 10;
const CHUNK_ROWS = 1 << CHUNK_SHIFT;
const NO_ACCOUNTS: AccountList = [];

type Chunk = (AccountList | undefined)[];

export class PersonLinks {
  readonly #chunks: readonly (Chunk | undefined)[];

  constructor(chunks: readonly (Chunk | undefined)[]) {
    this.#chunks = chunks;
  }

  of(row: number): AccountList {
    return this.#chunks[row >>> CHUNK_SHIFT]?.[row & (CHUNK_ROWS - 1)] ?? NO_ACCOUNTS;
  }

  /** Everybody who is in an account, in the order of rows. */
  forEach(visit: (row: number, accounts: AccountList) => void): void {
    for (let c = 0; c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c];
      if (chunk === undefined) continue;
      for (let i = 0; i < chunk.length; i++) {
        const accounts = chunk[i];
        if (accounts !== undefined && accounts.length > 0) visit(c * CHUNK_ROWS + i, accounts);
      }
    }
  }
}

/** Writes the next version. */
export class PersonLinksWriter {
  readonly #chunks: (Chunk | undefined)[] = [];
  /** Chunks of a version that was given out. */
  readonly #isShared: boolean[] = [];
  #version: PersonLinks | undefined;

  /** Gives what was there before. */
  set(row: number, accounts: AccountList): AccountList {
    const c = row >>> CHUNK_SHIFT;
    const at = row & (CHUNK_ROWS - 1);
    const chunk = this.#chunks[c];
    const before = chunk?.[at] ?? NO_ACCOUNTS;
    if (isEqual(before, accounts)) return before;
    const own = chunk === undefined ? [] : this.#isShared[c] ? [...chunk] : chunk;
    // Without holes, so that reading stays fast.
    while (own.length <= at) own.push(undefined);
    own[at] = accounts.length === 0 ? undefined : accounts;
    this.#chunks[c] = own;
    this.#isShared[c] = false;
    this.#version = undefined;
    return before;
  }

  /** The links as they are now; the same value while nothing was set. */
  version(): PersonLinks {
    if (this.#version === undefined) {
      for (let c = 0; c < this.#chunks.length; c++) this.#isShared[c] = true;
      this.#version = new PersonLinks([...this.#chunks]);
    }
    return this.#version;
  }
}

function isEqual(a: AccountList, b: AccountList): boolean {
  return a === b || (a.length === b.length && a.every((account, i) => account === b[i]));
}
