/** A comparison of two fields as a term of a kernel, over the images that the program carries. */
import { assert } from '../../base/assert.ts';
import type { Relation } from '../binder/cell.ts';
import { compileRelation } from '../evaluation/relation.ts';
import { type CellImage, elementReader, imageReader, readableImage } from './cell-image.ts';
import { type ColumnImage, ELEMENT_F64, ELEMENT_I8, elementOf, numberText, presenceText } from './column-image.ts';
import type { CompareProgram } from './compare-program.ts';
import type { KernelText, Term } from './kernel-text.ts';

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
export function compareTerm(builder: KernelText, program: CompareProgram): Term {
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
  const x =
    way.left === undefined
      ? numberText(elementOf(left.image, builder.chunk), a)
      : `${builder.argument(way.left)}[${a}]`;
  const y = way.right === undefined ? b.number : `${builder.argument(way.right)}[${b.text}]`;
  const isThere = way.left === undefined ? presence(left, builder.chunk, a) : '';
  const isOtherThere = way.right === undefined ? b.presence : '';
  return `(${isThere}${isOtherThere}${x}${SIGN[relation]}${y})`;
}

/** `presence`: a test with `&&` behind it, empty where what is missing is NaN, which stands in no relation. */
interface Operand {
  readonly text: string;
  /** What the text, an element, stands for where it is a number. */
  readonly number: string;
  readonly presence: string;
}

function presence({ image }: CellImage, chunk: number, text: string): string {
  const element = elementOf(image, chunk);
  return element >= ELEMENT_I8 && element !== ELEMENT_F64 ? `${presenceText(element, text)}&&` : '';
}

function here(builder: KernelText, cell: CellImage): Operand | undefined {
  const view = builder.view(cell.image);
  if (view === undefined) return undefined;
  const text = `${view}[i]`;
  const number = numberText(elementOf(cell.image, builder.chunk), text);
  return { text, number, presence: presence(cell, builder.chunk, text) };
}

function there(builder: KernelText, cell: CellImage, rows: ColumnImage): Operand {
  const reader = builder.argument(elementReader(builder.slabs, cell));
  const text = `${reader}.get(${builder.element(rows, 'i')})`;
  return { text, number: text, presence: '' };
}

function generalTerm(builder: KernelText, { relation, left, right, rows }: CompareProgram): Term {
  const { slabs, firstIndex } = builder;
  const fits = compileRelation(relation, readableImage(slabs, left), readableImage(slabs, right));
  const rowOf = rows === undefined ? undefined : imageReader(slabs, rows, 0);
  const test =
    rowOf === undefined
      ? (i: number) => fits(firstIndex + i, firstIndex + i)
      : (i: number) => fits(firstIndex + i, rowOf.get(firstIndex + i));
  return `${builder.argument(test)}(i)`;
}
