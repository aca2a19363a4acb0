/** A captured formula as a question about one element at any index: for the few elements that a scan left to look at. */
import { unreachable } from '../../base/assert.ts';
import type { CodeSelection, NumberSelection } from '../binder/formula.ts';
import { bucketTest } from '../binder/random-bucket.ts';
import { fitsNumber } from '../binder/value-test.ts';
import { allOf, anyOf, type IndexTest } from '../evaluation/index-test.ts';
import { compileRelation } from '../evaluation/relation.ts';
import { imageReader, readableImage } from './cell-image.ts';
import type { CompareProgram } from './compare-program.ts';
import type { Program } from './program.ts';
import { type ImageReader, identityReader } from './random-access.ts';

export function compileProgramTest(program: Program, slabs: readonly SharedArrayBuffer[]): IndexTest {
  switch (program.kind) {
    case 'constant':
      return () => program.value;
    case 'codes':
      return codeTest(imageReader(slabs, program.image, 0), program.selection);
    case 'numbers':
      return numberTest(imageReader(slabs, program.image, Number.NaN), program.selection);
    case 'compare':
      return compareTest(program, slabs);
    case 'random':
      return bucketTest(program.bucket, identityReader(slabs, program.identities));
    case 'not': {
      const part = compileProgramTest(program.of, slabs);
      return (index) => !part(index);
    }
    case 'and':
      return allOf(program.of.map((part) => compileProgramTest(part, slabs)));
    case 'or':
      return anyOf(program.of.map((part) => compileProgramTest(part, slabs)));
    default:
      return unreachable(program);
  }
}

function codeTest(codes: ImageReader, selection: CodeSelection): IndexTest {
  switch (selection.kind) {
    case 'none':
      return () => false;
    case 'any':
      return (index) => codes.get(index) !== 0;
    case 'one':
      return (index) => codes.get(index) === selection.code;
    case 'table':
      return (index) => selection.table[codes.get(index)] === 1;
    default:
      return unreachable(selection);
  }
}

function numberTest(numbers: ImageReader, selection: NumberSelection): IndexTest {
  return (index) => {
    const value = numbers.get(index);
    return !Number.isNaN(value) && fitsNumber(selection, value);
  };
}

function compareTest({ relation, left, right, rows }: CompareProgram, slabs: readonly SharedArrayBuffer[]): IndexTest {
  const fits = compileRelation(relation, readableImage(slabs, left), readableImage(slabs, right));
  if (rows === undefined) return (index) => fits(index, index);
  const rowOf = imageReader(slabs, rows, 0);
  return (index) => fits(index, rowOf.get(index));
}
