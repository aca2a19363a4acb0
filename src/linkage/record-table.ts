/**
 * The records to be linked, by column: for each field one code a record (u32, 0 = missing) into the field's distinct values in
 * normal form. Order of rows is the order of adding and the row number is the record's name from here on.
 */
import { EngineError } from '../model/error.ts';
import type { FieldKind } from './field-kind.ts';
import { guessKind } from './kind-guess.ts';
import { dateOrderOf, normalForm } from './normal-form.ts';

/** Values that a field's kind and its order of day and month are told from. */
const SAMPLE_COUNT = 2_000;
/** An id whose values are all different cannot be shared by two records of one person; with fewer records it may be chance. */
const ID_COUNT_MIN = 50;

export interface RecordField {
  readonly name: string;
  readonly kind: FieldKind;
  /** One a record; 0 = missing. */
  readonly codes: Uint32Array;
  /** By code; `values[0]` is ''. */
  readonly values: readonly string[];
}

export interface RecordTable {
  readonly recordCount: number;
  readonly fields: readonly RecordField[];
}

export interface FieldDeclaration {
  readonly name: string;
  /** Undefined: guessed from the values. */
  readonly kind?: FieldKind | undefined;
}

export type RawValue = string | number | boolean | null | undefined;

export class RecordTableBuilder {
  readonly #declarations: readonly FieldDeclaration[];
  readonly #codes: Uint32Array[];
  readonly #dictionaries: Map<string, number>[];
  #count = 0;

  constructor(declarations: readonly FieldDeclaration[]) {
    this.#declarations = declarations;
    this.#codes = declarations.map(() => new Uint32Array(1_024));
    this.#dictionaries = declarations.map(() => new Map([['', 0]]));
  }

  /** One value a declared field, in their order. */
  add(values: readonly RawValue[]): void {
    const row = this.#count++;
    for (let field = 0; field < this.#codes.length; field++) {
      if (row === this.#codes[field].length) {
        const grown = new Uint32Array(row * 2);
        grown.set(this.#codes[field]);
        this.#codes[field] = grown;
      }
      const value = values[field];
      if (value === null || value === undefined) continue;
      const text = typeof value === 'string' ? value : String(value);
      const dictionary = this.#dictionaries[field];
      let code = dictionary.get(text);
      if (code === undefined) {
        code = dictionary.size;
        dictionary.set(text, code);
      }
      this.#codes[field][row] = code;
    }
  }

  /** Fields that tell nothing (see `guessKind`) are left out. Errors: invalid_request when none is left. */
  finish(): RecordTable {
    const fields = this.fields();
    if (fields.length === 0) throw nothingToCompare();
    return { recordCount: this.#count, fields };
  }

  /** As `finish`, but maybe none. */
  fields(): readonly RecordField[] {
    return this.#declarations.flatMap((declaration, index) => {
      const field = this.#field(declaration, index);
      return field === undefined ? [] : [field];
    });
  }

  #field({ name, kind: declared }: FieldDeclaration, index: number): RecordField | undefined {
    const raw = [...this.#dictionaries[index].keys()];
    const rawCodes = this.#codes[index].subarray(0, this.#count);
    const { sample, presentCount } = sampleOf(raw, rawCodes);
    const kind = declared ?? guessKind({ name, sample, distinctCount: raw.length - 1, presentCount });
    if (kind === undefined) return undefined;
    const order = kind === 'date' ? dateOrderOf(sample) : 'day-first';
    const dictionary = new Map<string, number>([['', 0]]);
    const recode = Uint32Array.from(raw, (value) => {
      const text = normalForm(kind, value, order);
      let code = dictionary.get(text);
      if (code === undefined) {
        code = dictionary.size;
        dictionary.set(text, code);
      }
      return code;
    });
    const isId = declared === undefined && dictionary.size - 1 === presentCount && presentCount >= ID_COUNT_MIN;
    if (isId) return undefined;
    return { name, kind, codes: rawCodes.map((code) => recode[code]), values: [...dictionary.keys()] };
  }
}

export function nothingToCompare(): EngineError {
  const message = 'no field is left to compare records by; give fields with values that repeat';
  return new EngineError('invalid_request', message);
}

/** Values of records at equal distances, blank ones left out. */
function sampleOf(
  raw: readonly string[],
  codes: Uint32Array,
): { readonly sample: readonly string[]; readonly presentCount: number } {
  const isPresent = Uint8Array.from(raw, (value) => (value.trim() === '' ? 0 : 1));
  let presentCount = 0;
  for (let row = 0; row < codes.length; row++) presentCount += isPresent[codes[row]];
  const step = Math.max(1, Math.floor(presentCount / SAMPLE_COUNT));
  const sample: string[] = [];
  for (let row = 0, present = 0; row < codes.length; row++) {
    if (isPresent[codes[row]] === 1 && present++ % step === 0) sample.push(raw[codes[row]]);
  }
  return { sample, presentCount };
}

/** From rows that are maps of traits; keys that any row has become fields, in order of first sight. */
export function tableOfMaps(
  rows: readonly ReadonlyMap<string, RawValue>[],
  kinds: Readonly<Record<string, FieldKind>> = {},
): RecordTable {
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const builder = new RecordTableBuilder(names.map((name) => ({ name, kind: kinds[name] })));
  for (const row of rows) builder.add(names.map((name) => row.get(name)));
  return builder.finish();
}
