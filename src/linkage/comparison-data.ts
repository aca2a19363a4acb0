/**
 * What comparing two records reads, all of it in shared memory: the records' codes row by row (so a pair is two short runs of
 * memory) and the texts of each field. Siblings share one vocabulary, so that "stands in the other field" is one comparison of codes.
 *
 * Width per record: 4 bytes a field.
 */
import { EngineError } from '../model/error.ts';
import type { FieldKind } from './field-kind.ts';
import type { RecordField, RecordTable } from './record-table.ts';
import { siblingsOf } from './sibling-fields.ts';
import { sharedUint32, type TextStore, textStoreOf } from './text-store.ts';

/** Levels of all fields of a pair are packed three bits each into the 53 exact bits of a number. */
export const FIELD_COUNT_MAX = 17;

export interface ComparedField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly texts: TextStore;
  /** Index of the field that values may have changed places with, or -1. */
  readonly sibling: number;
}

export interface ComparisonData {
  readonly recordCount: number;
  readonly fields: readonly ComparedField[];
  /** Code of field f of record r at `r * fields.length + f`; 0 = missing. */
  readonly codes: Uint32Array;
}

/** Errors: invalid_request for more than 17 fields. */
export function comparisonDataOf(table: RecordTable): ComparisonData {
  const { recordCount } = table;
  const fieldCount = table.fields.length;
  if (fieldCount > FIELD_COUNT_MAX) {
    throw new EngineError(
      'invalid_request',
      `${fieldCount} fields to compare; give at most ${FIELD_COUNT_MAX}, those that tell people apart`,
    );
  }
  const siblings = siblingsOf(table);
  const codes = sharedUint32(recordCount * fieldCount);
  const fields: ComparedField[] = [];
  table.fields.forEach(({ name, kind, codes: own, values }, index) => {
    const sibling = siblings[index];
    const isSecond = sibling >= 0 && sibling < index;
    const recode = isSecond ? recodeInto(table.fields[sibling], values) : undefined;
    for (let row = 0, at = index; row < recordCount; row++, at += fieldCount) {
      codes[at] = recode === undefined ? own[row] : recode[own[row]];
    }
    const texts = isSecond ? fields[sibling].texts : textStoreOf(kind, vocabularyOf(table, index, sibling));
    fields.push({ name, kind, texts, sibling });
  });
  return { recordCount, fields, codes };
}

/** The field's values, then those that only its sibling has. */
function vocabularyOf({ fields }: RecordTable, index: number, sibling: number): readonly string[] {
  if (sibling < 0) return fields[index].values;
  const known = new Set(fields[index].values);
  return [...fields[index].values, ...fields[sibling].values.filter((value) => !known.has(value))];
}

function recodeInto(first: RecordField, values: readonly string[]): Uint32Array {
  const codeOf = new Map(first.values.map((value, code) => [value, code]));
  return Uint32Array.from(values, (value) => {
    let code = codeOf.get(value);
    if (code === undefined) {
      code = codeOf.size;
      codeOf.set(value, code);
    }
    return code;
  });
}
