/**
 * A formula whose columns were captured: what a scan carries, to the next line or to a worker. Tests are numbered in order;
 * the same column is captured once per query.
 */
import { assert, unreachable } from '../../base/assert.ts';
import type { CodeSelection, Formula, NumberSelection } from '../binder/formula.ts';
import type { RandomBucket } from '../binder/random-bucket.ts';
import type { RunStore } from '../index/event-runs.ts';
import { ScalarTables } from '../index/scalar-tables.ts';
import { type ColumnImage, captureColumn, type ImageSource } from './column-image.ts';
import { type CompareProgram, captureCompare } from './compare-program.ts';
import { captureIdentities, type IdentityImage } from './random-access.ts';

export type Program =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'codes'; readonly image: ColumnImage; readonly selection: CodeSelection }
  | { readonly kind: 'numbers'; readonly image: ColumnImage; readonly selection: NumberSelection }
  | CompareProgram
  | { readonly kind: 'random'; readonly bucket: RandomBucket; readonly identities: IdentityImage }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Program[] }
  | { readonly kind: 'not'; readonly of: Program };

/** The columns of one query, captured at its start. */
export class ImageSet {
  /** Where runs of events are kept; absent = they are made for each question. */
  readonly runs: RunStore | undefined;
  /** Scalars by code, kept between questions. */
  readonly tables: ScalarTables;
  readonly #images = new Map<ImageSource, ColumnImage>();

  constructor(runs?: RunStore, tables = new ScalarTables(0)) {
    this.runs = runs;
    this.tables = tables;
  }

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
        assert(formula.selection.kind !== 'any' || formula.selection.fits === undefined, 'a selection for few rows');
        return { kind: 'codes', image: this.image(formula.column), selection: formula.selection };
      case 'numbers':
        return { kind: 'numbers', image: this.image(formula.column), selection: formula.selection };
      case 'compare':
        return captureCompare(formula, this);
      case 'random':
        return { kind: 'random', bucket: formula.bucket, identities: captureIdentities(formula.data, this) };
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
