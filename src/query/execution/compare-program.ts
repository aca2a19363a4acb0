/**
 * A comparison of two fields as a scan carries it. Where both sides come down to numbers, the kernel compares
 * them itself: plain numbers, booleans, instants of dates by code, and codes of equal texts through a map between the two
 * dictionaries. All else (order and parts of texts, arrays) is a call per element to the general test over images.
 */
import type { Cell, Relation } from '../binder/cell.ts';
import type { CompareTest } from '../binder/formula.ts';
import { ofDates } from '../evaluation/relation.ts';
import { type CellImage, captureCell } from './cell-image.ts';
import type { ColumnImage } from './column-image.ts';
import type { ImageSet } from './image-set.ts';

/** `tables`: by code of the left and right side; absent where the element is the number itself. */
type Way =
  | { readonly kind: 'numbers'; readonly left?: Float64Array | undefined; readonly right?: Float64Array | undefined }
  | { readonly kind: 'codes'; readonly isByLeft: boolean; readonly codes: Uint32Array }
  | { readonly kind: 'booleans' }
  | { readonly kind: 'general' };

export interface CompareProgram {
  readonly kind: 'compare';
  readonly relation: Relation;
  readonly left: CellImage;
  readonly right: CellImage;
  /** Where the right side is the profile's: its row by event. */
  readonly rows: ColumnImage | undefined;
  readonly way: Way;
}

export function captureCompare(test: CompareTest, images: ImageSet): CompareProgram {
  const { left, right, rows } = test;
  return {
    kind: 'compare',
    relation: isOfInstants(left, right) ? ofDates(test.relation) : test.relation,
    left: captureCell(left, images),
    right: captureCell(right, images),
    rows: rows === undefined ? undefined : images.image(rows),
    way: wayOf(test),
  };
}

function isOfInstants(left: Cell, right: Cell): boolean {
  return left.kind === 'instants' && right.kind === 'instants';
}

function wayOf({ relation, left, right, tables }: CompareTest): Way {
  if (left.kind === 'numbers' && right.kind === 'numbers') return { kind: 'numbers' };
  if (left.kind === 'booleans' && right.kind === 'booleans') return { kind: 'booleans' };
  if (isOfInstants(left, right)) return { kind: 'numbers' };
  if (left.kind === 'texts' && right.kind === 'texts' && relation === 'eq') {
    const map = tables.codeMap(left.column, right.column);
    return map === undefined ? { kind: 'general' } : { kind: 'codes', ...map };
  }
  const isDated = isDate(left) && isDate(right);
  if (!isDated || relation === 'eq' || relation === 'contains' || relation === 'starts' || relation === 'ends') {
    return { kind: 'general' };
  }
  const rightTable = right.kind === 'texts' ? tables.instantTable(right.column) : undefined;
  // A right side that is no date is compared by bytes; only a column without such a text has one way throughout.
  const isByDate = relation === 'before' || relation === 'after' || rightTable?.isAllDates !== false;
  if (!isByDate) return { kind: 'general' };
  const leftTable = left.kind === 'texts' ? tables.instantTable(left.column) : undefined;
  return { kind: 'numbers', left: leftTable?.instants, right: rightTable?.instants };
}

function isDate({ kind }: Cell): boolean {
  return kind === 'texts' || kind === 'instants';
}
