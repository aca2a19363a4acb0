/**
 * Values that identify nobody, compiled for one identifier type. Texts are compared folded (no case, no white space at the
 * ends), also in the normal form they have in that type, so that `+1 (555) 000-0000` blocks `+15550000000`. Patterns run on
 * V8's linear engine: no pattern and no value can stall the thread.
 *
 * For bytes there is a quick answer that may only err towards "perhaps": nearly all patterns in use are one repeated character
 * class, which becomes a table, and a real id leaves the table at its first bytes.
 */
import type { BlockedValue } from '../model/identity.ts';
import { compileLinearRegExp, type LinearRegExp } from '../runtime/linear-regexp.ts';
import { foldText } from './email-address.ts';

const REPEATED_CLASS = /^\^\[((?:[^\]\\]|\\.)+)\][+*]\$$/s;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;

export class BlockedValues {
  readonly #texts = new Set<string>();
  readonly #patterns: readonly LinearRegExp[];
  /** The ASCII characters of each repeated class; undefined when a pattern is of another shape. */
  readonly #classes: readonly Uint8Array[] | undefined;
  /** ASCII texts, folded, by their length. */
  readonly #bytesByLength: (Uint8Array[] | undefined)[] = [];

  /** `normalOf` gives a text's normal form in this type, or undefined. Errors: as of `compileLinearRegExp`. */
  constructor(values: readonly BlockedValue[], normalOf: (text: string) => string | undefined) {
    for (const value of values) {
      if (typeof value !== 'string') continue;
      this.#texts.add(foldText(value));
      const normal = normalOf(value);
      if (normal !== undefined) this.#texts.add(foldText(normal));
    }
    for (const text of this.#texts) {
      if (!isAscii(text)) continue;
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
      this.#bytesByLength[bytes.length] = [...(this.#bytesByLength[bytes.length] ?? []), bytes];
    }
    const patterns = values.flatMap((value) => (typeof value === 'string' ? [] : [value.pattern]));
    this.#patterns = patterns.map((pattern) => compileLinearRegExp(pattern));
    const classes = patterns.map(classTable);
    this.#classes = classes.every((table) => table !== undefined) ? classes : undefined;
  }

  /** `raw` as it was sent, `normal` as it would be kept. */
  has(raw: string, normal: string): boolean {
    if (this.#texts.has(foldText(normal)) || (raw !== normal && this.#texts.has(foldText(raw)))) return true;
    return this.#patterns.some((pattern) => pattern.test(normal));
  }

  /** False only if no ASCII text of these bytes is blocked. The bytes are known to be ASCII without white space at the ends. */
  mayHaveBytes(bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.#classes === undefined) return true;
    const end = offset + length;
    for (const table of this.#classes) {
      let at = offset;
      while (at < end && table[bytes[at]] === 1) at++;
      if (at === end) return true;
    }
    const sameLength = this.#bytesByLength[length];
    if (sameLength === undefined) return false;
    for (const text of sameLength) if (isFoldedEqual(bytes, offset, text)) return true;
    return false;
  }
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

/** The class is put to each ASCII character rather than parsed here, so the table cannot differ from the pattern. */
function classTable(pattern: string): Uint8Array | undefined {
  const characters = REPEATED_CLASS.exec(pattern)?.[1];
  if (characters === undefined) return undefined;
  if (lastTable.characters === characters) return lastTable.table;
  const one = compileLinearRegExp(`^[${characters}]$`);
  const table = Uint8Array.from({ length: 256 }, (_, code) =>
    code < 0x80 && one.test(String.fromCharCode(code)) ? 1 : 0,
  );
  lastTable = { characters, table };
  return table;
}

/** A pattern that holds for all types is compiled for each of them, and again for each step that a person asks for. */
let lastTable: { readonly characters: string; readonly table: Uint8Array } = {
  characters: '',
  table: new Uint8Array(0),
};

function isFoldedEqual(bytes: Uint8Array, offset: number, folded: Uint8Array): boolean {
  for (let i = 0; i < folded.length; i++) {
    const byte = bytes[offset + i];
    if ((byte >= UPPER_A && byte <= UPPER_Z ? byte | 0x20 : byte) !== folded[i]) return false;
  }
  return true;
}
