/**
 * A formula whose columns were captured: what a scan carries, to the next line or to a worker. Tests are numbered in order;
 * the same column is captured once per query.
 */
import { unreachable } from '../../base/assert.ts';
import type { CodeSelection, Formula, NumberSelection } from '../binder/formula.ts';
import { type ColumnImage, captureColumn, type ImageSource } from './column-image.ts';

export type Program =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'codes'; readonly image: ColumnImage; readonly selection: CodeSelection }
  | { readonly kind: 'numbers'; readonly image: ColumnImage; readonly selection: NumberSelection }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Program[] }
  | { readonly kind: 'not'; readonly of: Program };

/** The columns of one query, captured at its start. */
export class ImageSet {
  readonly #images = new Map<ImageSource, ColumnImage>();

  image(column: ImageSource): ColumnImage {
    let image = this.#images.get(column);
    if (image === undefined) {
      image = captureColumn(column);
      this.#images.set(column, image);
    }
    return image;
  }

  program(formula: Formula): Program {
    switch (formula.kind) {
      case 'constant':
        return formula;
      case 'codes':
        return { kind: 'codes', image: this.image(formula.column), selection: formula.selection };
      case 'numbers':
        return { kind: 'numbers', image: this.image(formula.column), selection: formula.selection };
      case 'and':
      case 'or':
        return { kind: formula.kind, of: formula.of.map((part) => this.program(part)) };
      case 'not':
        return { kind: 'not', of: this.program(formula.of) };
      default:
        return unreachable(formula);
    }
  }
}
