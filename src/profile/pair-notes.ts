/**
 * What is remembered of pairs of identifiers that are not linked: that somebody cut the link (it may not come back by itself), and
 * that a refusal was noted in the profile's journal already, so that a shared device fills no journal. By text, so that a note holds
 * wherever either identifier lives. Few pairs have any.
 */
import { xxh32 } from '../base/hash.ts';
import { ByteDictionary } from '../memory/byte-dictionary.ts';
import { U8Column } from '../memory/fixed-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import type { Identifier } from '../model/profile.ts';

export const PAIR_CUT = 1;
export const PAIR_REFUSAL_NOTED = 2;

/** Hashes of pairs are not chosen by senders alone: identifiers are checked for their length before. */
const SEED = 0x6b697468;

export class PairNotes {
  readonly #pairs: ByteDictionary;
  readonly #flags: U8Column;
  #cutCount = 0;

  constructor(memory: SlabMemory, context?: LoadContext, state?: SavedState) {
    this.#flags = new U8Column(memory);
    if (context !== undefined && state !== undefined) {
      this.#pairs = ByteDictionary.load(context, state['pairs'] as SavedState);
      this.#flags.load(context, state['flags'] as SavedState);
      this.#cutCount = state['cutCount'] as number;
    } else {
      this.#pairs = new ByteDictionary(memory);
    }
  }

  get usedBytes(): number {
    return this.#pairs.usedBytes + this.#flags.usedBytes;
  }

  /** Whether there is any cut pair at all: most shards have none, and need not look. */
  get hasCuts(): boolean {
    return this.#cutCount > 0;
  }

  has(a: Identifier, b: Identifier, flag: number): boolean {
    const key = keyOf(a, b);
    const code = this.#pairs.find(key, 0, key.length, xxh32(key, 0, key.length, SEED));
    return code !== 0 && (this.#flags.get(code - 1) & flag) !== 0;
  }

  set(a: Identifier, b: Identifier, flag: number, isOn: boolean): void {
    const key = keyOf(a, b);
    const hash = xxh32(key, 0, key.length, SEED);
    let code = this.#pairs.find(key, 0, key.length, hash);
    if (code === 0) {
      if (!isOn) return;
      code = this.#pairs.findOrAdd(key, 0, key.length, hash);
      this.#flags.push(0);
    }
    const old = this.#flags.get(code - 1);
    const now = isOn ? old | flag : old & ~flag;
    if (now === old) return;
    this.#flags.set(code - 1, now);
    if (flag === PAIR_CUT) this.#cutCount += isOn ? 1 : -1;
  }

  /** Every pair with flags, in the order of their first notes. */
  *entries(): Generator<{ readonly pair: readonly [Identifier, Identifier]; readonly flags: number }, void, void> {
    for (let code = 1; code <= this.#pairs.count; code++) {
      const flags = this.#flags.get(code - 1);
      if (flags !== 0) yield { pair: pairOf(this.#pairs.text(code)), flags };
    }
  }

  save(context: SaveContext): SavedState {
    return { pairs: this.#pairs.save(context), flags: this.#flags.save(context), cutCount: this.#cutCount };
  }
}

/** The same for both orders. */
function keyOf(a: Identifier, b: Identifier): Buffer {
  const first = `${a.type}\u0000${a.value}`;
  const second = `${b.type}\u0000${b.value}`;
  return Buffer.from(first < second ? `${first}\u0000\u0000${second}` : `${second}\u0000\u0000${first}`, 'utf8');
}

/** Back from `keyOf`. */
function pairOf(key: string): readonly [Identifier, Identifier] {
  const at = key.indexOf('\u0000\u0000');
  return [identifierOf(key.slice(0, at)), identifierOf(key.slice(at + 2))];
}

function identifierOf(text: string): Identifier {
  const at = text.indexOf('\u0000');
  return { type: text.slice(0, at), value: text.slice(at + 1) };
}
