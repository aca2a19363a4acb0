/** Where the next page begins: opaque to the caller, checked when it comes back, and good only for the list that it was given for. */
import { EngineError } from '../../model/error.ts';

const VERSION = 1;
/** A message id or a name with its envelope. */
const LENGTH_MAX = 8_192;

type Field = 'string' | 'number';
type FieldOf<Kind extends Field> = Kind extends 'string' ? string : number;
type Fields<Shape extends readonly Field[]> = { [Place in keyof Shape]: FieldOf<Shape[Place]> };

export function encodeCursor(list: string, fields: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([VERSION, list, ...fields]), 'utf8').toString('base64url');
}

/** Undefined for none. Errors: invalid_cursor. */
export function decodeCursor<const Shape extends readonly Field[]>(
  list: string,
  cursor: string | undefined,
  shape: Shape,
): Fields<Shape> | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const [version, of, ...fields] = readArray(cursor);
  const fits =
    version === VERSION &&
    of === list &&
    fields.length === shape.length &&
    fields.every((field, i) => typeof field === shape[i] && (typeof field !== 'number' || Number.isSafeInteger(field)));
  if (!fits) throw new EngineError('invalid_cursor', '"next" is not a cursor of this list; start again without it');
  return fields as Fields<Shape>;
}

function readArray(cursor: string): unknown[] {
  if (cursor.length > LENGTH_MAX || !/^[\w-]+$/.test(cursor)) return [];
  try {
    const value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
