/**
 * A comparison of two fields as a scan carries it, and as a term of a kernel. Where both sides come down to numbers, the kernel compares
 * them itself: plain numbers, booleans, instants of dates by code, and codes of equal texts through a map between the two
 * dictionaries. All else (order and parts of texts, arrays) is a call per element to the general test over images.
 */
import { assert } from '../../base/assert.ts';
import type { Cell, Relation } from '../binder/cell.ts';
import type { CompareTest } from '../binder/formula.ts';
import { compileRelation, ofDates } from '../evaluation/relation.ts';
import { type CellImage, captureCell, elementReader, imageReader, readableImage } from './cell-image.ts';
import { type ColumnImage, ELEMENT_F64, ELEMENT_I8, elementOf, MISSING } from './column-image.ts';
import type { KernelBuilder, Term } from './kernel.ts';
import type { ImageSet } from './program.ts';

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

const SIGN: Readonly<Partial<Record<Relation, string>>> = {
  eq: '===',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  before: '<',
  after: '>',
};

/** The comparison on element `i`. */
export function compareTerm(builder: KernelBuilder, program: CompareProgram): Term {
  const { left, right, rows, way, relation } = program;
  const leftView = builder.view(left.image);
  if (leftView === undefined) return false;
  if (way.kind === 'general') return generalTerm(builder, program);
  const a = `${leftView}[i]`;
  const b = rows === undefined ? here(builder, right) : there(builder, right, rows);
  if (b === undefined) return false;
  if (way.kind === 'booleans') return `(${a}!==0&&${a}===${b.text})`;
  if (way.kind === 'codes') {
    const map = builder.argument(way.codes);
    // Nothing is 0, to which no code is mapped, and the map's own 0 is a code that nobody has.
    return way.isByLeft ? `(${map}[${a}]===${b.text})` : `(${map}[${b.text}]===${a})`;
  }
  assert(way.kind === 'numbers', 'every other way has returned');
  const x = way.left === undefined ? a : `${builder.argument(way.left)}[${a}]`;
  const y = way.right === undefined ? b.text : `${builder.argument(way.right)}[${b.text}]`;
  const isThere = way.left === undefined ? presence(left, builder.chunk, a) : '';
  const isOtherThere = way.right === undefined ? b.presence : '';
  return `(${isThere}${isOtherThere}${x}${SIGN[relation]}${y})`;
}

/** `presence`: a test with `&&` behind it, empty where what is missing is NaN, which stands in no relation. */
interface Operand {
  readonly text: string;
  readonly presence: string;
}

function presence({ image }: CellImage, chunk: number, text: string): string {
  const element = elementOf(image, chunk);
  return element >= ELEMENT_I8 && element < ELEMENT_F64 ? `${text}!==${MISSING[element]}&&` : '';
}

function here(builder: KernelBuilder, cell: CellImage): Operand | undefined {
  const view = builder.view(cell.image);
  return view === undefined ? undefined : { text: `${view}[i]`, presence: presence(cell, builder.chunk, `${view}[i]`) };
}

function there(builder: KernelBuilder, cell: CellImage, rows: ColumnImage): Operand {
  const reader = builder.argument(elementReader(builder.slabs, cell));
  return { text: `${reader}.get(${builder.view(rows)}[i])`, presence: '' };
}

function generalTerm(builder: KernelBuilder, { relation, left, right, rows }: CompareProgram): Term {
  const { slabs, firstIndex } = builder;
  const fits = compileRelation(relation, readableImage(slabs, left), readableImage(slabs, right));
  const rowOf = rows === undefined ? undefined : imageReader(slabs, rows, 0);
  const test =
    rowOf === undefined
      ? (i: number) => fits(firstIndex + i, firstIndex + i)
      : (i: number) => fits(firstIndex + i, rowOf.get(firstIndex + i));
  return `${builder.argument(test)}(i)`;
}
