/**
 * Keys by which records are filed: a rule makes pairs of the records that have all of its keys in common. Each is a function of one field's
 * text, most of them one that survives some mistakes: the sound of a name survives spelling, sorted characters survive swapped digits, parts
 * of a date survive mistakes in the others. Besides, for siblings, the sounds of both fields whatever their order.
 */
import { doubleMetaphone } from 'double-metaphone';
import type { ComparisonData } from './comparison-data.ts';
import type { FieldKind } from './field-kind.ts';
import { sharedUint32, textAt } from './text-store.ts';

export const KEY_FORMS = ['same', 'sound', 'start', 'sorted', 'month', 'day', 'local', 'either order'] as const;
export type KeyForm = (typeof KEY_FORMS)[number];

const FORMS: Readonly<Record<FieldKind, readonly KeyForm[]>> = {
  name: ['same', 'sound', 'start'],
  text: ['same', 'sound', 'start'],
  date: ['same', 'month', 'day'],
  phone: ['same', 'sorted'],
  email: ['same', 'local', 'start'],
  code: ['same', 'sorted'],
  category: ['same'],
};
const START_LENGTH = 4;

export function formsOf(kind: FieldKind): readonly KeyForm[] {
  return FORMS[kind];
}

/** '' = no key. */
export function keyText(form: KeyForm, text: string): string {
  if (text === '') return '';
  switch (form) {
    case 'same':
      return text;
    case 'sound':
    case 'either order':
      // Scripts that metaphone does not know have no sound; they are filed as they are written.
      return doubleMetaphone(text)[0] || text;
    case 'start':
      return text.slice(0, START_LENGTH);
    case 'sorted':
      return [...text].sort().join('');
    case 'month':
      return text.slice(0, 7);
    case 'day':
      return text.length === 10 ? text.slice(5) : '';
    case 'local': {
      const at = text.indexOf('@');
      return at > 0 ? text.slice(0, at) : text;
    }
  }
}

export interface RecordKey {
  /** Field and form, as told to people. */
  readonly name: string;
  /** One field, or the two siblings of "either order". */
  readonly fields: readonly number[];
  readonly form: KeyForm;
  /** Number of the key by the field's code, 0 = none. Siblings share one vocabulary. Shared memory. */
  readonly byCode: Uint32Array;
  /** Greatest number a record can have under this key. */
  readonly numberMax: number;
}

/** All keys that the fields' kinds offer. */
export function recordKeysOf(data: ComparisonData): readonly RecordKey[] {
  const keys: RecordKey[] = [];
  data.fields.forEach(({ name, kind, sibling, texts }, field) => {
    const values = Array.from({ length: texts.offsets.length - 1 }, (_, code) => textAt(texts, code));
    for (const form of FORMS[kind]) keys.push(recordKey(`${name} (${form})`, [field], form, values));
    if (sibling > field) {
      keys.push(
        recordKey(`${name} and ${data.fields[sibling].name} (either order)`, [field, sibling], 'either order', values),
      );
    }
  });
  return keys;
}

function recordKey(name: string, fields: readonly number[], form: KeyForm, values: readonly string[]): RecordKey {
  const numbers = new Map<string, number>([['', 0]]);
  const byCode = sharedUint32(values.length);
  values.forEach((value, code) => {
    const text = keyText(form, value);
    let number = numbers.get(text);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(text, number);
    }
    byCode[code] = number;
  });
  return { name, fields, form, byCode, numberMax: fields.length === 1 ? numbers.size : numbers.size * numbers.size };
}

/** Key number of the record whose codes begin at `at`; 0 = none. */
export function keyNumber(key: RecordKey, codes: Uint32Array, at: number): number {
  const one = key.byCode[codes[at + key.fields[0]]];
  if (key.fields.length === 1 || one === 0) return one;
  const other = key.byCode[codes[at + key.fields[1]]];
  if (other === 0) return 0;
  const base = Math.sqrt(key.numberMax);
  return one < other ? one * base + other : other * base + one;
}
