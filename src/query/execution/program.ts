/** A formula whose columns were captured: what a scan carries, to the next line or to a worker. Tests are numbered in order. */
import { assert, unreachable } from '../../base/assert.ts';
import type { CodeSelection, Formula, NumberSelection } from '../binder/formula.ts';
import type { RandomBucket } from '../binder/random-bucket.ts';
import type { ColumnImage } from './column-image.ts';
import { type CompareProgram, captureCompare } from './compare-program.ts';
import type { ImageSet } from './image-set.ts';
import { captureIdentities, type IdentityImage } from './random-access.ts';

export type Program =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'codes'; readonly image: ColumnImage; readonly selection: CodeSelection }
  | { readonly kind: 'numbers'; readonly image: ColumnImage; readonly selection: NumberSelection }
  | CompareProgram
  | { readonly kind: 'random'; readonly bucket: RandomBucket; readonly identities: IdentityImage }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Program[] }
  | { readonly kind: 'not'; readonly of: Program };

export function programOf(formula: Formula, images: ImageSet): Program {
  switch (formula.kind) {
    case 'constant':
      return formula;
    case 'codes':
      assert(formula.selection.kind !== 'any' || formula.selection.fits === undefined, 'a selection for few rows');
      return { kind: 'codes', image: images.image(formula.column), selection: formula.selection };
    case 'numbers':
      return { kind: 'numbers', image: images.image(formula.column), selection: formula.selection };
    case 'compare':
      return captureCompare(formula, images);
    case 'random':
      return { kind: 'random', bucket: formula.bucket, identities: captureIdentities(formula.data, images) };
    case 'and':
    case 'or':
      return { kind: formula.kind, of: formula.of.map((part) => programOf(part, images)) };
    case 'not':
      return { kind: 'not', of: programOf(formula.of, images) };
    default:
      return unreachable(formula);
  }
}
